"""The examples in the documents: fenced blocks, and the commands of those that show a console."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.live import ROOT

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document."""

    document: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command in a console block, without its prompt, and its documented output."""

    document: str
    text: str
    output: str

    def __str__(self) -> str:
        return f"{self.document}: {self.text.splitlines()[0]}"


def documents() -> Iterator[Path]:
    """Yield the documents of the project, and none of the packages that are installed in it."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in ("node_modules", "build") and name[0] != ".")
        yield from (Path(folder) / name for name in sorted(files) if name.endswith(".md"))


def blocks(document: str | None = None, *, language: str | None = None) -> list[Block]:
    """Return the blocks of a document, or of all, in their order."""
    found = []
    for path in documents():
        name = path.relative_to(ROOT).as_posix()
        if document in (None, name):
            found += [Block(name, *fenced.groups()) for fenced in _FENCED.finditer(path.read_text("utf-8"))]
    return [block for block in found if language in (None, block.language)]


def commands(document: str | None = None) -> list[Command]:
    """Return the commands of a document, or of all, in their order."""
    return [
        Command(block.document, text, output.strip())
        for block in blocks(document, language="console")
        for text, output in _COMMAND.findall(block.text)
    ]
