"""Plain statements for the hot path, and the form of column values in them.

The ORM would cost 2.8 times as much as the server takes for the statements. If the backend can defer statements
(`walletsvc.db.mysql`), a write is sent with the next query or with COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

from walletsvc.db import dialect
from walletsvc.db.channels import Later, channel
from walletsvc.db.mysql.expressions import Expression

Value = str | int | bytes | Expression | None

ROWS_A_STATEMENT = 500
"""Well below SQLite's limit of 32,766 parameters (https://www.sqlite.org/limits.html#max_variable_number)."""
ROWS_AN_UPDATE = 50
"""The server searches for each row's values among those of all rows."""
T = TypeVar("T")


def can_skip_locked() -> bool:
    """Tell whether the server can leave out rows that others have locked."""
    return bool(connections[DEFAULT_DB_ALIAS].features.has_select_for_update_skip_locked)


def select_for_update(
    columns: str, table: str, ids: Sequence[int], *, skip_locked: bool = False
) -> list[tuple[Any, ...]]:
    """Read the rows with these ids, in order, and lock them until the end of the transaction.

    With `skip_locked`, rows locked by others are left out, if the server supports it. On MySQL the primary key is
    forced: on a small table the optimizer would rather scan, and lock, all rows. SQLite has no row locks: its
    BEGIN IMMEDIATE has locked everything already.
    """
    database = connections[DEFAULT_DB_ALIAS]
    features = database.features
    skip_locked = skip_locked and can_skip_locked()
    index = "FORCE INDEX (PRIMARY)" if dialect.vendor() == "mysql" else ""
    lock = database.ops.for_update_sql(skip_locked=skip_locked) if features.has_select_for_update else ""
    rows: list[tuple[Any, ...]] = []
    for chunk in chunks(ids):
        marks = ", ".join(["%s"] * len(chunk))
        where = f"WHERE id IN ({marks}) ORDER BY id"
        rows.extend(fetch(f"SELECT {columns} FROM {table} {index} {where} {lock}", chunk))  # noqa: S608 - no input
    return rows


def fetch(statement: str, values: Sequence[Value]) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a SELECT."""
    return channel().fetch(statement, values)


def ask(statement: str, values: Sequence[Value]) -> Later:
    """Return a SELECT that is sent along with the next one, or when its rows are asked for."""
    later = Later(statement, values)
    channel().ask(later)
    return later


def write(
    statement: str,
    values: Sequence[Value],
    take_ids: Callable[[range], None] | None = None,
    *,
    rows: int = 1,
    uses_new_ids: bool = False,
    keeps_new_ids: bool = False,
) -> None:
    """Run a statement that returns nothing: with the next one if the backend can defer it, or else at once.

    `take_ids` receives the ids of the `rows` inserted rows, after `send` or COMMIT at the latest. An error is raised
    then, too. With `uses_new_ids`, the statement refers to the rows of the preceding INSERT (`new_id`); raises
    `RuntimeError` if the ids of that INSERT are not asked for. With `keeps_new_ids`, it is an INSERT into a table
    that does not number its rows, so that later statements can still refer to those of the INSERT before.
    """
    channel().defer(statement, values, take_ids, rows=rows, uses_new_ids=uses_new_ids, keeps_new_ids=keeps_new_ids)


def send() -> None:
    """Run all deferred statements now."""
    channel().send_deferred()


def insert(
    statement: str,
    rows: Sequence[Sequence[Value]],
    take_ids: Callable[[range], None] | None = None,
    *,
    end: str = "",
    uses_new_ids: bool = False,
    keeps_new_ids: bool = False,
) -> None:
    """Write one `INSERT … VALUES … end` of all rows, which must not be too many; otherwise like `write`."""
    text, values = f"{statement} VALUES {_marks(len(rows[0]), len(rows))}{end}", list(chain.from_iterable(rows))
    write(text, values, take_ids, rows=len(rows), uses_new_ids=uses_new_ids, keeps_new_ids=keeps_new_ids)


def change(statement: str, columns: Sequence[str], rows: Sequence[Any], *, at: str) -> None:
    """Write these columns of locked rows as the objects are now, many in one statement, and when that was.

    The `statement` begins with the table: `UPDATE …`.
    """
    # As in `select_for_update`: on a small table the optimizer would rather scan all rows.
    index = "FORCE INDEX (PRIMARY)" if dialect.vendor() == "mysql" else ""
    for some in chunks(rows, size=ROWS_AN_UPDATE):
        ids = [each.id for each in some]
        values: list[Value] = []
        for column in columns:
            new = [_parameter(getattr(each, column)) for each in some]
            values += chain.from_iterable(zip(ids, new, strict=True)) if len(ids) > 1 else new
        write(_assignments(statement, columns, len(ids), index), [*values, at, *ids])


@lru_cache(maxsize=256)
def _assignments(statement: str, columns: Sequence[str], rows: int, index: str) -> str:
    """Return the statement for these columns of so many rows."""
    # A single value needs no search.
    case = f"CASE id {' '.join(['WHEN %s THEN %s'] * rows)} END" if rows > 1 else "%s"
    assignments = ", ".join(f"{column} = {case}" for column in columns)
    where = f"WHERE id IN ({', '.join(['%s'] * rows)})"
    return f"{statement} {index} SET {assignments}, updated_at = %s {where}"


def _parameter(value: Decimal | datetime | int | str | None) -> Value:
    if isinstance(value, Decimal):
        return from_decimal(value)
    if isinstance(value, Enum):
        return str(value.value)
    return from_time(value) if isinstance(value, datetime) else value


@lru_cache(maxsize=256)
def _marks(columns: int, rows: int) -> str:
    row = f"({', '.join(['%s'] * columns)})"
    return ", ".join([row] * rows)


def chunks(items: Sequence[T], *, size: int = 0) -> Iterator[Sequence[T]]:
    """Yield the items in parts of `size`, by default as many as fit one statement."""
    size = size or ROWS_A_STATEMENT
    for start in range(0, len(items), size):
        yield items[start : start + size]


def from_decimal(value: Decimal) -> str:
    """Return an amount as a parameter for a money column. The guard has checked that it fits the column."""
    return f"{value:f}"


@lru_cache(maxsize=64)  # wallet, transaction and entry share the moment
def from_time(value: datetime) -> str:
    """Return a moment as a parameter for a time column, which has that of UTC without a zone, as Django writes it."""
    return str(value.astimezone(UTC).replace(tzinfo=None))
