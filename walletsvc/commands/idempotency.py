"""What makes two requests the same: a fingerprint of the command and its arguments, whatever the face."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import Any

import orjson

from walletsvc.commands.command import Command, Conditional
from walletsvc.commands.inputs import LocalId
from walletsvc.models.columns import FINGERPRINT_BYTES

_DETAILS = "details"
"""The argument with texts and metadata by column, each empty by default."""
_NO_ARGUMENTS = frozenset({"local_id", "refused"})
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATACLASS


def fingerprint_of(command: Command[Any]) -> bytes:
    """Return the same 16 bytes for the same command with the same arguments.

    The arguments are the parsed ones, so "50" is "50.00", and one that has its default is as if it was not sent. A
    condition around the command is no part of it. The objects of its local ids must exist.
    """
    return _hash(_describe(command), _plain)


def fingerprint_of_all(commands: Sequence[Command[Any]]) -> bytes:
    """Return the fingerprint of commands that run as one; that of a single one is its own.

    An object that one of them creates counts by the place of that command.
    """
    if len(commands) == 1:
        return fingerprint_of(commands[0])
    created = {id(getattr(each, "local_id", None)): place for place, each in enumerate(commands)}
    return _hash([_describe(each) for each in commands], _Places(created))


@dataclass(frozen=True, slots=True)
class _Places:
    """Like `_plain`, for commands of which one may refer to the object of another."""

    created: Mapping[int, int]

    def __call__(self, value: Any) -> object:
        return {"created": self.created[id(value)]} if isinstance(value, LocalId) else _plain(value)


def _hash(described: object, plain: Callable[[Any], object]) -> bytes:
    return sha256(orjson.dumps(described, default=plain, option=_OPTIONS)).digest()[:FINGERPRINT_BYTES]


def _describe(command: Command[Any]) -> list[object]:
    """Return the command's name and its arguments: name and value of those that differ from their default."""
    while isinstance(command, Conditional):
        command = command.command
    return [command.name, *_arguments_of(command)]


def _arguments_of(values: Any) -> list[object]:
    required, optional = _parameters(values.__class__)
    given: list[object] = [getattr(values, name) for name in required]
    for name, default in optional:
        value = getattr(values, name)
        if name == _DETAILS:
            value = {column: detail for column, detail in value.items() if detail}
        # An empty text says no more than none at all.
        if value != default and value != "":
            given += (name, value)
    return given


@cache
def _parameters(cls: Any) -> tuple[list[str], list[tuple[str, object]]]:
    """Return the names of the parameters of a dataclass, those with a default beside it."""
    required, optional = [], []
    for each in fields(cls):
        if each.name in _NO_ARGUMENTS:
            continue
        if each.default is MISSING and each.default_factory is MISSING:
            required.append(each.name)
        else:
            optional.append((each.name, each.default if each.default_factory is MISSING else each.default_factory()))
    return required, optional


def _plain(value: Any) -> object:
    """Return a value that JSON has no form for as one that it has, equal for equal values."""
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(value, LocalId):
        return value.resolve()
    if isinstance(value, Mapping):
        return dict(value)
    return _arguments_of(value)
