"""Plain statements of the hot path, and what the columns' values look like there.

Through the ORM it costs 2.8 times as much as the server takes for it. And where the backend can let statements wait
(`walletsvc.db.mysql`), a write goes to the server with the next question or with COMMIT, not by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections

from walletsvc.db import dialect
from walletsvc.db.channels import channel
from walletsvc.db.mysql.expressions import Expression

Value = str | int | Expression | None

ROWS_A_STATEMENT = 500
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


def write(
    statement: str,
    values: Sequence[Value],
    take_ids: Callable[[range], None] | None = None,
    *,
    rows: int = 1,
    uses_new_ids: bool = False,
) -> None:
    """Run a statement that returns nothing: with the next one, where the backend can let it wait, or else at once.

    `take_ids` is told the ids of the `rows` that it inserts, after `send` or COMMIT at the latest. An error comes out
    then, too. With `uses_new_ids` it refers to the rows of the INSERT before (`new_id`); raises `RuntimeError` where
    that is not one whose ids are asked for.
    """
    channel().defer(statement, values, take_ids, rows=rows, uses_new_ids=uses_new_ids)


def send() -> None:
    """Run now whatever waits."""
    channel().send_deferred()


def insert(
    statement: str,
    rows: Sequence[Sequence[Value]],
    take_ids: Callable[[range], None] | None = None,
    *,
    uses_new_ids: bool = False,
) -> None:
    """Write an `INSERT … VALUES` of all rows, which are not too many for one; the rest is as `write` has it."""
    text, values = f"{statement} VALUES {_marks(len(rows[0]), len(rows))}", list(chain.from_iterable(rows))
    write(text, values, take_ids, rows=len(rows), uses_new_ids=uses_new_ids)


@lru_cache(maxsize=256)
def _marks(columns: int, rows: int) -> str:
    row = f"({', '.join(['%s'] * columns)})"
    return ", ".join([row] * rows)


def chunks(items: Sequence[T], *, size: int = 0) -> Iterator[Sequence[T]]:
    """Yield the items in parts of `size`, or of what is not too much for one statement."""
    size = size or ROWS_A_STATEMENT
    for start in range(0, len(items), size):
        yield items[start : start + size]


def from_decimal(value: Decimal) -> str:
    """Return an amount as a money column takes it. The guard has seen to it that it has no more digits than that."""
    return f"{value:f}"


@lru_cache(maxsize=64)  # wallet, transaction and entry have the same
def from_time(value: datetime) -> str | None:
    """Return a moment as a time column takes it."""
    return connection.ops.adapt_datetimefield_value(value)
