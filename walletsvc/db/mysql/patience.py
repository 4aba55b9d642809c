"""How long the connections of a server wait: for the database to connect and answer, for locks, and for nothing.

Only of processes that answer requests: migrations, imports and proofs may take their time.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from MySQLdb.constants import CR

CONNECT_SECONDS = 3
STATEMENT_SECONDS = 8
"""The server ends a statement that takes longer: nobody waits for its result any more."""
ANSWER_SECONDS = STATEMENT_SECONDS + 1
LOCK_SECONDS = 3
"""How long a statement waits for a row that another transaction has locked, or for a table or the whole server."""
IDLE_TRANSACTION_SECONDS = 10
"""How long the locks of a client outlive it, if its machine disappears in the middle of a transaction."""
IDLE_SECONDS = 60
"""How much longer than CONN_MAX_AGE the server keeps a connection. So it outlives a client, and never a request."""

_OF_ALL = "innodb_lock_wait_timeout={lock}, lock_wait_timeout={lock}, wait_timeout={idle}"
_OF_MARIADB = "max_statement_time={statement}, idle_transaction_timeout={transaction}"
_OF_MYSQL = "max_execution_time={statement}000"


class Silence:
    """Knows the connections of this process, and cuts them off while the database does not answer.

    A thread that waits for an answer otherwise keeps everybody else from it for ANSWER_SECONDS.
    """

    def __init__(self) -> None:
        self.is_on = False
        self._sockets: WeakKeyDictionary[Any, socket.socket] = WeakKeyDictionary()
        self._mutex = threading.Lock()

    def watch(self, driver: Any) -> None:
        """Cut this connection off too, until it is closed."""
        # A descriptor of our own: that of the driver may belong to something else once it is closed.
        own = socket.fromfd(driver.fileno(), socket.AF_UNSPEC, socket.SOCK_STREAM)
        with self._mutex:
            self._sockets[driver] = own

    def begin(self) -> None:
        """Cut off all connections, and refuse new ones from now on."""
        self.is_on = True
        with self._mutex:
            sockets = list(self._sockets.values())
        for each in sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Let connections be opened again."""
        self.is_on = False

    def check(self) -> None:
        """Raise `OperationalError` while the database is silent."""
        if self.is_on:
            raise OperationalError(CR.CONN_HOST_ERROR, "The database does not answer.")


silence = Silence()
"""That of this process."""


def limit_waiting() -> None:
    """Let no connection that is opened from now on wait without end. The operator may have set shorter times."""
    options = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"]
    limits = {"connect_timeout": CONNECT_SECONDS, "read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
    for name, seconds in limits.items():
        options[name] = min(options.get(name, seconds), seconds)
    connection_created.connect(_limit, dispatch_uid=__name__)


def _limit(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    database: Any = connection
    if database.is_impatient or database.alias != DEFAULT_DB_ALIAS:
        # A server for reads has limits of its own (`session`).
        return
    limits = f"{_OF_ALL}, {_OF_MARIADB if database.mysql_is_mariadb else _OF_MYSQL}".format(
        lock=LOCK_SECONDS,
        idle=(settings.DATABASES[DEFAULT_DB_ALIAS]["CONN_MAX_AGE"] or 0) + IDLE_SECONDS,
        statement=STATEMENT_SECONDS,
        transaction=IDLE_TRANSACTION_SECONDS,
    )
    with database.cursor() as cursor:
        cursor.execute(f"SET SESSION {limits}")
    silence.watch(database.connection)
