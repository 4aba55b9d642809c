"""Variables of the environment, each read as what it has to be.

A variable that cannot be used counts as not set, and is noted: so all problems are told at once, whatever was read
first. `walletsvc.settings` raises `UnusableSettings` when it has read all of them. docs/adr/0021-settings.md compares
this with libraries.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

_ON, _OFF = ("true", "t", "yes", "y", "on", "1"), ("false", "f", "no", "n", "off", "0")
_WHOLE = re.compile("-?[0-9]{1,15}")
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")
_SHOWN = 60
"""How many characters of a value a problem shows."""


class UnusableSettings(ImproperlyConfigured):
    """Variables of the environment cannot be used; the text has a line for each."""


class Environment:
    """The variables of a process, and what is wrong with those that have been read."""

    raises = True
    """Whether `refuse_problems` raises. False for commands that tell all problems of a start at once."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: dict[str, str] = {}
        """By the name of each variable that cannot be used, the rest of a sentence that begins with it."""

    def text(self, name: str, default: str = "") -> str:
        """Return the text as it is, also if it is empty."""
        return self._variables.get(name, default)

    def words(self, name: str, default: Collection[str] = ()) -> list[str]:
        """Return the parts of a list separated by commas."""
        if name not in self._variables:
            return list(default)
        return [word for each in self._variables[name].split(",") if (word := each.strip())]

    def flag(self, name: str, default: bool) -> bool:
        """Return whether it is on."""

        def parse(text: str) -> bool:
            if text.lower() not in _ON + _OFF:
                raise ValueError(_is_not(text, "true or false"))
            return text.lower() in _ON

        return self.parsed(name, parse, default)

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """Return one of these words, which are in capital letters."""

        def parse(text: str) -> str:
            if text.upper() not in choices:
                raise ValueError(_is_not(text, f"one of {', '.join(choices)}"))
            return text.upper()

        return self.parsed(name, parse, default)

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        """Return a whole number between the two, both included."""
        expected = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

        def parse(text: str) -> int:
            number = int(text) if _WHOLE.fullmatch(text) else None
            if number is None or number < least or (most is not None and number > most):
                raise ValueError(_is_not(text, expected))
            return number

        return self.parsed(name, parse, default)

    def parsed(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Return what `parse` makes of the text, or `default` if the variable is not set, or empty.

        `parse` raises `ValueError` for a text that cannot be used; its message continues a sentence that begins with
        the variable's name.
        """
        text = self._variables.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.note(name, str(error))
            return default

    def note(self, name: str, problem: str) -> None:
        """Note what is wrong with a variable: the rest of a sentence that begins with its name."""
        self.problems[name] = problem

    def refuse_problems(self) -> None:
        """Raise `UnusableSettings` if any variable that was read cannot be used, unless that is told later."""
        if self.problems and self.raises:
            raise UnusableSettings("\n".join(f"{name} {problem}" for name, problem in self.problems.items()))


def _is_not(text: str, expected: str) -> str:
    return f"is {text[:_SHOWN]!r}, which is not {expected}."


def parse_scales(text: str) -> dict[str, int]:
    """Return the decimal places of currencies: `BTC=8,ETH=18`. Raises `ValueError`."""
    scales = {}
    for each in filter(None, map(str.strip, text.split(","))):
        code, _, places = map(str.strip, each.partition("="))
        if not code or not places.isascii() or not places.isdigit() or len(places) > 2:
            raise ValueError(_is_not(text, "codes with their decimal places, such as BTC=8,ETH=18"))
        scales[code] = int(places)
    return scales


def parse_origins(text: str) -> list[str]:
    """Return the origins in a list separated by commas (RFC 6454, section 6.2). Raises `ValueError`."""
    origins = [origin for each in text.split(",") if (origin := each.strip())]
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(_is_not(origin, "an origin, a scheme and a host without a path: https://shop.example"))
    return origins


def parse_file(text: str, *, folder: Path) -> str:
    """Return the path of a file that can be read; a relative one is in `folder`. Raises `ValueError`."""
    path = folder / text
    if not path.is_file() or not os.access(path, os.R_OK):
        raise ValueError(_is_not(text, "a file that can be read"))
    return str(path)


def parse_folder(text: str) -> Path:
    """Return the path of a folder. Raises `ValueError` if there is none."""
    path = Path(text).resolve()
    if not path.is_dir():
        raise ValueError(_is_not(text, "a folder that exists"))
    return path
