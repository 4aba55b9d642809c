"""Plain statements of the hot path, and what the columns' values look like there.

Through the ORM it costs 2.8 times as much as the server takes for it. And where the backend can let statements wait
(`walletsvc.mysql`), a write goes to the server with the next question or with COMMIT, not by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections


class _Last(Enum):
    LAST_ID = "LAST_INSERT_ID()"


LAST_ID: Final = _Last.LAST_ID
"""The id of the row that the INSERT before this one has made, where it is not known yet."""

Value = str | int | None
Column = Value | _Last

_ROWS_A_STATEMENT = 500
"""Well below SQLite's limit of 32,766 parameters (https://www.sqlite.org/limits.html#max_variable_number)."""
T = TypeVar("T")


def select_for_update(
    columns: str, table: str, ids: Sequence[int], *, skip_locked: bool = False
) -> list[tuple[Any, ...]]:
    """Read the rows with these ids, in their order, and lock them until the end of the transaction.

    With `skip_locked`, rows that others have locked are left out, if the server can do so.
    The primary key is forced on MySQL: on a small table the optimizer would rather scan, and lock, all of it.
    SQLite has no row locks: its BEGIN IMMEDIATE has locked everything already.
    """
    database = connections[DEFAULT_DB_ALIAS]
    features = database.features
    skip_locked = skip_locked and features.has_select_for_update_skip_locked
    index = "FORCE INDEX (PRIMARY)" if database.vendor == "mysql" else ""
    lock = database.ops.for_update_sql(skip_locked=skip_locked) if features.has_select_for_update else ""
    rows: list[tuple[Any, ...]] = []
    for chunk in chunks(ids):
        marks = ", ".join(["%s"] * len(chunk))
        where = f"WHERE id IN ({marks}) ORDER BY id"
        rows.extend(fetch(f"SELECT {columns} FROM {table} {index} {where} {lock}", chunk))  # noqa: S608 - no input
    return rows


def fetch(statement: str, values: Sequence[Value]) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a SELECT."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    if hasattr(database, "fetch"):
        rows: Sequence[tuple[Any, ...]] = database.fetch(statement, values)
        return rows
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def write(statement: str, values: Sequence[Value], take_id: Callable[[int], None] | None = None) -> None:
    """Run a statement that returns nothing: with the next one, where the backend can let it wait, or else at once.

    `take_id` is told the id of the row that it inserts, after `send` or COMMIT at the latest. An error comes out
    then, too.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if hasattr(database, "defer"):
        database.defer(statement, values, take_id)
        return
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        if take_id is not None:
            take_id(int(cursor.lastrowid or 0))


def send() -> None:
    """Run now whatever waits."""
    if hasattr(connection, "send_deferred"):
        connection.send_deferred()


def insert(statement: str, rows: Sequence[Sequence[Column]], take_id: Callable[[int], None] | None = None) -> None:
    """Write an `INSERT … VALUES` for all rows; `take_id` is told the id of the row, where it is a single one."""
    for chunk in chunks(rows):
        marks = ", ".join([f"({', '.join([_mark(value) for value in row])})" for row in chunk])
        values = [value for row in chunk for value in row if value is not LAST_ID]
        write(f"{statement} VALUES {marks}", values, take_id)


def _mark(value: Column) -> str:
    return LAST_ID.value if value is LAST_ID else "%s"


def chunks(items: Sequence[T], *, size: int = _ROWS_A_STATEMENT) -> Iterator[Sequence[T]]:
    """Yield the items in parts that are not too many for one statement."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def from_decimal(value: Decimal) -> str:
    """Return an amount as a money column takes it. The guard has seen to it that it has no more digits than that."""
    return f"{value:f}"


@lru_cache(maxsize=64)  # wallet, transaction and entry have the same
def from_time(value: datetime) -> str | None:
    """Return a moment as a time column takes it."""
    return connection.ops.adapt_datetimefield_value(value)
