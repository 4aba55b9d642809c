"""The row in the database, read and changed over its own connection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import uuid4

from django.db import IntegrityError

from walletsvc.cache.lease.state import Agreement
from walletsvc.db.impatient import connect

TIMEOUT_SECONDS = 1
"""An answer that takes longer would find its lease expired."""


class Row(Protocol):
    """The one row. Every method may raise `django.db.DatabaseError`."""

    def read(self) -> Agreement | None:
        """Return the row as it was last committed, None if it is missing."""

    def create(self) -> None:
        """Create the row, suspended and with a new identity, unless it exists."""

    def change(self, seen: Agreement, *, suspended: bool, instance: str) -> bool:
        """Begin a new generation, unless another has begun since `seen`. Return whether it did."""


class DatabaseRow:
    """The row in Django's default database. One thread uses it."""

    def __init__(self) -> None:
        self._database: Any = None

    def read(self) -> Agreement | None:
        rows, _ = self._run(
            "SELECT identity, generation, suspended, instance FROM walletsvc_cachestate WHERE id = 1", ()
        )
        if not rows:
            return None
        ((identity, generation, suspended, instance),) = rows
        return Agreement(identity, generation, bool(suspended), instance)

    def create(self) -> None:
        # Suspended, as a writer may just have found the row missing (`commands.publication`).
        with suppress(IntegrityError):  # another process was quicker
            self._run(
                "INSERT INTO walletsvc_cachestate (id, identity, generation, suspended, instance)"
                " VALUES (1, %s, 1, 1, '')",
                (new_identity(),),
            )

    def change(self, seen: Agreement, *, suspended: bool, instance: str) -> bool:
        _, changed = self._run(
            "UPDATE walletsvc_cachestate SET generation = generation + 1, suspended = %s, instance = %s"
            " WHERE id = 1 AND generation = %s AND identity = %s",
            (int(suspended), instance, seen.generation, seen.identity),
        )
        return changed == 1

    def close(self) -> None:
        """Close the connection."""
        database, self._database = self._database, None
        if database is not None:
            database.close()

    def _run(self, statement: str, values: Sequence[object]) -> tuple[Sequence[Any], int]:
        """Run a statement, committed at once. Return its rows and how many it changed."""
        if self._database is not None and not self._database.is_usable():
            # One of several hosts that is not ready any more would answer with what it had.
            self.close()
        if self._database is None:
            self._database = connect(seconds=TIMEOUT_SECONDS)
        try:
            with self._database.wrap_database_errors:
                cursor = self._database.create_cursor()
                try:
                    cursor.execute(statement, values)
                    return (cursor.fetchall() if statement.startswith("SELECT") else ()), cursor.rowcount
                finally:
                    cursor.close()
        except BaseException:
            self.close()
            raise


def new_identity() -> str:
    """Return a new, unique identity for a database."""
    return uuid4().hex
