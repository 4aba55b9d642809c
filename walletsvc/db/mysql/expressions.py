"""SQL in place of a value, for statements sent before this process knows the ids of new rows.

`packets` reports the ids later.
"""

from functools import lru_cache


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
