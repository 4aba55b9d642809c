"""How the statements of a write reach the database: the seam between an engine that can let them wait and others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from walletsvc.db import dialect


class Channel(Protocol):
    """Sends the statements of a transaction: `walletsvc.db.mysql` has one, and `AtOnce` is one for other engines."""

    def fetch(self, statement: str, values: Sequence[Any], /) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT."""

    def defer(
        self,
        statement: str,
        values: Sequence[object],
        take_ids: Callable[[range], None] | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
    ) -> None:
        """Run a statement that returns nothing: with the next one, with COMMIT, or at once."""

    def send_deferred(self) -> None:
        """Run now whatever waits."""


class AtOnce:
    """Runs each statement when it comes."""

    def __init__(self, database: BaseDatabaseWrapper) -> None:
        self._database = database

    def fetch(self, statement: str, values: Sequence[Any], /) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT."""
        with self._database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def defer(
        self,
        statement: str,
        values: Sequence[Any],
        take_ids: Callable[[range], None] | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
    ) -> None:
        """Run a statement, and tell `take_ids` the ids of the `rows` that it has inserted."""
        with self._database.cursor() as cursor:
            cursor.execute(statement, values)
            if take_ids is not None:
                # SQLite numbers the rows of a statement one by one, and tells the last: nobody else writes meanwhile.
                last = int(cursor.lastrowid or 0)
                take_ids(range(last - rows + 1, last + 1))

    def send_deferred(self) -> None:
        """Nothing waits."""


def channel() -> Channel:
    """Return the channel of this thread's connection."""
    database = connections[DEFAULT_DB_ALIAS]
    # The settings allow no other backend for MySQL than ours, whose connection is one.
    return cast(Channel, database) if dialect.vendor() == "mysql" else AtOnce(database)
