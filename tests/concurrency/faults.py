"""Faults between the server and the database: at a statement, or at COMMIT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from django.db import OperationalError, connection, connections

COMMIT = "COMMIT"


@dataclass(frozen=True)
class Fault:
    """`strike` runs in place of a statement, or before it if it does not raise.

    `code` is that of the resulting refusal if it happens once; None if the operation should succeed.
    """

    name: str
    strike: Callable[[], None]
    code: str | None = None


def _raise(*arguments: object, rolled_back: bool = False) -> Callable[[], None]:
    def strike() -> None:
        if rolled_back:
            connection.connection.rollback()
        raise OperationalError(*arguments)

    return strike


def _kill() -> None:
    """Let the server end this connection, so that it is the real driver that complains."""
    identifier = connection.connection.thread_id()
    other = connections.create_connection("default")
    # If an earlier statement was killed, the connection is lost already, unnoticed while that statement waits.
    with other.cursor() as cursor, suppress_code(1094):
        cursor.execute(f"KILL CONNECTION {identifier}")
    other.close()


@contextmanager
def suppress_code(code: int) -> Iterator[None]:
    """Pass over the database's refusal with this code (1094: ER_NO_SUCH_THREAD)."""
    try:
        yield
    except OperationalError as error:
        if error.args[0] != code:
            raise


# (mariadb.com/kb/en/mariadb-error-code-reference) The server rolls a deadlocked transaction back before it reports
# the deadlock; after a lock wait timeout it does not.
FAULTS = {
    "mysql": [
        Fault("deadlock", _raise(1213, "Deadlock found when trying to get lock", rolled_back=True)),
        Fault("lock wait timeout", _raise(1205, "Lock wait timeout exceeded")),
        Fault("lost connection", _raise(2013, "Lost connection to server during query"), code="unavailable"),
        Fault("killed connection", _kill, code="unavailable"),
    ],
    "sqlite": [
        Fault("locked database", _raise("database is locked")),
        Fault("locked table", _raise("database table is locked: walletsvc_wallet")),
    ],
}[connection.vendor]


@dataclass
class Wire:
    """Everything that is sent to the database, COMMIT included; `strike` is called before what `strikes_at` picks."""

    strike: Callable[[], None] | None = None
    strikes_at: Callable[[int, str], bool] = lambda _place, _statement: False
    sent: list[str] = field(default_factory=list)

    def send(self, statement: str) -> None:
        """Note a statement, and trigger the fault if this is its place."""
        self.sent.append(statement)
        if self.strike is not None and self.strikes_at(len(self.sent) - 1, statement):
            self.strike()


@contextmanager
def tapped(wire: Wire) -> Iterator[None]:
    """Let `wire` see everything that this thread's connection sends."""
    commit = connection._commit

    def before_statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        wire.send(sql)
        return execute(sql, params, many, context)

    def before_commit() -> None:
        with connection.wrap_database_errors:
            wire.send(COMMIT)
        commit()

    with (
        connection.execute_wrapper(before_statement),
        mock.patch.object(connections["default"], "_commit", before_commit),
    ):
        yield
