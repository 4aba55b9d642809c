"""The interface that sends the statements of a write, for engines that can defer them and for others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from walletsvc.db import dialect


class Later:
    """A SELECT that is sent along with the next one, or when its rows are asked for."""

    def __init__(self, statement: str, values: Sequence[Any]) -> None:
        self.statement = statement
        self.values = values
        self.waits = True
        self.answer: Sequence[tuple[Any, ...]] | None = None

    def rows(self) -> Sequence[tuple[Any, ...]]:
        """Return the rows. Raises Django's database errors."""
        if self.answer is None:
            self.waits = False
            self.answer = channel().fetch(self.statement, self.values)
        return self.answer


class Channel(Protocol):
    """Sends the statements of a transaction: `walletsvc.db.mysql` has one, and `AtOnce` is one for other engines."""

    def fetch(self, statement: str, values: Sequence[Any], /) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT."""

    def ask(self, later: Later, /) -> None:
        """Send a SELECT along with the next one, if the engine can."""

    def defer(
        self,
        statement: str,
        values: Sequence[object],
        take_ids: Callable[[range], None] | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
        keeps_new_ids: bool = False,
    ) -> None:
        """Run a statement that returns nothing: with the next one, with COMMIT, or at once."""

    def send_deferred(self) -> None:
        """Run all deferred statements now."""

    def share_of(self, parts: int, /) -> int:
        """Return a number below `parts`: as far as possible another one than connections that write just now."""

    def ask_position(self) -> None:
        """Ask, with the COMMIT of this transaction, where in the binary log it is."""

    def position(self) -> str:
        """Return the position that was asked for; empty if there is none."""


class AtOnce:
    """Runs each statement at once."""

    def __init__(self, database: BaseDatabaseWrapper) -> None:
        self._database = database

    def fetch(self, statement: str, values: Sequence[Any], /) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT."""
        with self._database.cursor() as cursor:
            cursor.execute(statement, values)
            return list(cursor.fetchall())

    def ask(self, later: Later, /) -> None:
        """Do nothing: it is sent when its rows are asked for."""

    def defer(
        self,
        statement: str,
        values: Sequence[Any],
        take_ids: Callable[[range], None] | None = None,
        *,
        rows: int = 1,
        uses_new_ids: bool = False,
        keeps_new_ids: bool = False,
    ) -> None:
        """Run a statement, and pass the ids of its `rows` inserted rows to `take_ids`."""
        with self._database.cursor() as cursor:
            cursor.execute(statement, values)
            if take_ids is not None:
                # SQLite numbers a statement's rows consecutively and reports the last: no other transaction writes.
                last = int(cursor.lastrowid or 0)
                take_ids(range(last - rows + 1, last + 1))

    def send_deferred(self) -> None:
        """Do nothing: nothing is deferred."""

    def share_of(self, parts: int, /) -> int:
        """Return 0: SQLite has one writer at a time."""
        return 0

    def ask_position(self) -> None:
        """Do nothing: SQLite has no replicas."""

    def position(self) -> str:
        """Return an empty text."""
        return ""


def channel() -> Channel:
    """Return the channel of this thread's connection."""
    database = connections[DEFAULT_DB_ALIAS]
    # For MySQL the settings allow only this project's backend, whose connection is a channel.
    return cast(Channel, database) if dialect.vendor() == "mysql" else AtOnce(database)
