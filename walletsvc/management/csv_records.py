"""Read the records of a CSV file (RFC 4180), one at a time: memory does not grow with the file."""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

MAX_RECORD_LENGTH = 262_144
"""Characters of a record. No row of ours has as many; a quote that is never closed would take in the whole file."""


class CsvError(Exception):
    """The file cannot be read on. `line` is the line of the problem, from 1, if it is in one."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")


@dataclass(frozen=True, slots=True)
class Record:
    """A record that begins in a `line`, from 1. `problem` tells why its cells are not to be used."""

    line: int
    cells: Sequence[str]
    problem: str | None = None


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a file in UTF-8, with or without a byte order mark. Raises `CsvError`."""
    if not path.is_file():
        raise CsvError("This is not a file.")
    try:
        # A byte that is not UTF-8 becomes a lone surrogate, so that the record that has it can be named.
        file = path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")
    except OSError as error:
        raise CsvError(f"{error.strerror or error}.") from error
    with file:
        yield file


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from locking the same file meanwhile. Raises `CsvError` if one has."""
    with opened(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CsvError("Another import reads the file.") from error
        yield


def read_header(records: Iterator[Record], known: Mapping[str, str | None]) -> dict[str, int]:
    """Return the place of each column, by the name that `known` gives to its title; titles with None are left out.

    Raises `CsvError` for an unknown title, and for two columns with one name.
    """
    header = next(records, None)
    if header is None:
        raise CsvError("The file is empty: it begins with a line of column titles.")
    if header.problem is not None:
        raise CsvError(header.problem, line=header.line)
    places: dict[str, int] = {}
    for place, title in enumerate(header.cells):
        if title not in known:
            raise CsvError(f"There is no column {title[:64]!r}. Columns are {', '.join(known)}.", line=header.line)
        name = known[title]
        if name is None:
            continue
        if name in places:
            raise CsvError(f"Two columns are {name}.", line=header.line)
        places[name] = place
    return places


def read_records(file: TextIO) -> Iterator[Record]:
    """Yield all records, the header first; empty lines are none.

    Raises `CsvError` for what leaves open where the next record begins: a quote in the wrong place or never closed,
    or a record that is too long.
    """
    lines = _Lines(file)
    reader = csv.reader(lines, strict=True)
    width = 0
    while True:
        line = lines.begin()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise CsvError(f"This is not CSV: {error}.", line=line) from error
        if cells is None:
            return
        if not cells:
            continue
        width = width or len(cells)
        yield Record(line, cells, _problem_of(cells, width))


def _problem_of(cells: Sequence[str], width: int) -> str | None:
    if any("\udc80" <= character <= "\udcff" for cell in cells if not cell.isascii() for character in cell):
        return "It is not in UTF-8."
    if len(cells) != width:
        return f"It has {len(cells)} cells, and the header has {width}."
    return None


class _Lines:
    """The lines of a file, none of which is read further than a record may be long."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._first = 1
        self._left = MAX_RECORD_LENGTH

    def begin(self) -> int:
        """Begin a record, and return the number of its first line."""
        self._left, self._first = MAX_RECORD_LENGTH, self._number + 1
        return self._first

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            text = self._file.readline(self._left + 1)
        except OSError as error:
            raise CsvError(f"{error.strerror or error}.", line=self._first) from error
        self._left -= len(text)
        if self._left < 0:
            raise CsvError(f"A record has at most {MAX_RECORD_LENGTH:,} characters.", line=self._first)
        if not text:
            raise StopIteration
        self._number += 1
        return text
