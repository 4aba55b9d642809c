"""Values as SQL text, and SQL in place of a value, for statements sent before this process knows the ids of new rows.

`packets` reports the ids later.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any


class Expression(bytes):
    """An expression that is inserted into a statement unquoted."""


class NewId(Expression):
    """The id of a row of the preceding INSERT. Another INSERT in between would give it another meaning."""


@lru_cache(maxsize=1024)
def new_id(place: int) -> NewId:
    """Return the id of the row at `place` that the preceding `INSERT … VALUES` has created."""
    return NewId(b"LAST_INSERT_ID() + %d * @@auto_increment_increment" % place)


KEEP_IDS = "SET @{name} = LAST_INSERT_ID()"
"""Directly behind an INSERT, keeps its ids in the session under a `name`, for `kept_id`."""


@lru_cache(maxsize=1024)
def kept_id(place: int, name: str) -> Expression:
    """Return the id of the row at `place` of the INSERT whose ids `KEEP_IDS` has kept under the `name`."""
    return Expression(b"@%b + %d * @@auto_increment_increment" % (name.encode(), place))


def _in_digits(value: bytes) -> bytes:
    """Return bytes as hexadecimal digits, so that statements stay text."""
    return b"x'%b'" % value.hex().encode()


def _as_it_is(value: Expression) -> bytes:
    return value


def _null(_: None) -> bytes:
    return b"NULL"


TEXT_OF: Mapping[type, Callable[[Any], bytes]] = {
    int: b"%d".__mod__,
    type(None): _null,
    bytes: _in_digits,
    Expression: _as_it_is,
    NewId: _as_it_is,
}
"""How to make the SQL text of a value that is no str, by its type."""
