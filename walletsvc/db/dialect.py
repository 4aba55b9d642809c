"""What differs between the database engines, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any

from django.db import Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from walletsvc.money import MAX_DIGITS, SQLITE_MAX_DIGITS, ZERO, add

EXAMINED = "ROWS EXAMINED"


class Meaning(Enum):
    """What a database error means for the transaction that met it."""

    AGAIN = "again"
    """Concurrent transactions were in the way. Nothing is stored; the whole transaction can be retried."""

    REFUSED = "refused"
    """The server refuses it for now. Nothing is stored."""

    LOST = "lost"
    """The server could not be reached, or went away before COMMIT. Nothing is stored."""

    UNKNOWN = "unknown"
    """COMMIT was sent, and its outcome is unknown."""

    DUPLICATE = "duplicate"
    """A unique constraint refused the statement."""

    FAULT = "fault"
    """Anything else: a bug, or a database rule that the code should have respected."""


_MYSQL: Mapping[object, Meaning] = {
    1020: Meaning.AGAIN,  # ER_CHECKREAD: MariaDB 11.6 reports this where earlier versions would wait
    1205: Meaning.AGAIN,  # ER_LOCK_WAIT_TIMEOUT
    1213: Meaning.AGAIN,  # ER_LOCK_DEADLOCK
    3101: Meaning.AGAIN,  # ER_TRANSACTION_ROLLBACK_DURING_COMMIT: another cluster node committed first
    3572: Meaning.AGAIN,  # ER_LOCK_NOWAIT
    1021: Meaning.REFUSED,  # ER_DISK_FULL
    1045: Meaning.REFUSED,  # ER_ACCESS_DENIED_ERROR
    1047: Meaning.REFUSED,  # ER_UNKNOWN_COM_ERROR: a cluster node that is not in sync
    1114: Meaning.REFUSED,  # ER_RECORD_FILE_FULL
    1153: Meaning.REFUSED,  # ER_NET_PACKET_TOO_LARGE
    1203: Meaning.REFUSED,  # ER_TOO_MANY_USER_CONNECTIONS
    1226: Meaning.REFUSED,  # ER_USER_LIMIT_REACHED
    1290: Meaning.REFUSED,  # ER_OPTION_PREVENTS_STATEMENT: read_only
    1317: Meaning.REFUSED,  # ER_QUERY_INTERRUPTED
    1792: Meaning.REFUSED,  # ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
    1836: Meaning.REFUSED,  # ER_READ_ONLY_MODE
    1969: Meaning.REFUSED,  # ER_STATEMENT_TIMEOUT (MariaDB)
    3024: Meaning.REFUSED,  # ER_QUERY_TIMEOUT (MySQL)
    0: Meaning.LOST,  # mysqlclient, for a closed connection
    1040: Meaning.LOST,  # ER_CON_COUNT_ERROR
    1053: Meaning.LOST,  # ER_SERVER_SHUTDOWN
    1927: Meaning.LOST,  # ER_CONNECTION_KILLED (MariaDB)
    2002: Meaning.LOST,  # CR_CONNECTION_ERROR
    2003: Meaning.LOST,  # CR_CONN_HOST_ERROR
    2006: Meaning.LOST,  # CR_SERVER_GONE_ERROR
    2013: Meaning.LOST,  # CR_SERVER_LOST
    2026: Meaning.LOST,  # CR_SSL_CONNECTION_ERROR
    2055: Meaning.LOST,  # CR_SERVER_LOST_EXTENDED
    4031: Meaning.LOST,  # ER_CLIENT_INTERACTION_TIMEOUT (MySQL)
    1180: Meaning.UNKNOWN,  # ER_ERROR_DURING_COMMIT
    1062: Meaning.DUPLICATE,  # ER_DUP_ENTRY
}
_MYSQL_UNKNOWN_AT_COMMIT = {1047, 1317, 1969, 3024}
"""These are certain refusals of a statement, but leave the outcome of a COMMIT unknown."""

_SQLITE: Mapping[str, Meaning] = {
    "database is locked": Meaning.AGAIN,
    "database table is locked": Meaning.AGAIN,
    "database or disk is full": Meaning.REFUSED,
    "attempt to write a readonly database": Meaning.REFUSED,
    "unable to open database file": Meaning.LOST,
    "UNIQUE constraint failed": Meaning.DUPLICATE,
}
"""By message text (https://www.sqlite.org/rescode.html)."""

_SQLSTATES: Mapping[object, Meaning] = {"40001": Meaning.AGAIN, "40P01": Meaning.AGAIN, "23505": Meaning.DUPLICATE}


@cache
def vendor() -> str:
    """Return the database engine, which is the same for the whole process."""
    return connection.vendor


@cache
def exact_digits() -> int:
    """Return how many significant digits of a decimal the current database keeps exactly."""
    return SQLITE_MAX_DIGITS if vendor() == "sqlite" else MAX_DIGITS


def to_decimal(value: object) -> Decimal:
    """Return an amount from a money column's value: a Decimal from MySQL, an int or 8-byte real from SQLite."""
    if isinstance(value, Decimal):
        return value
    # Such a real keeps 15 digits, and no amount with more is accepted.
    return Decimal(f"{value:.{SQLITE_MAX_DIGITS}g}")


def exact_sum() -> str:
    """Return the name of the aggregate function that adds amounts exactly; `to_sum` reads its result."""
    return "EXACT_SUM" if vendor() == "sqlite" else "SUM"


def to_sum(value: object) -> Decimal:
    """Return what the aggregate `exact_sum` came to; 0 for no rows."""
    return value if isinstance(value, Decimal) else Decimal(str(value or 0))


def to_moment(value: datetime | str | None) -> datetime | None:
    """Return a moment from a time column's value: MySQL's driver returns one without a zone, SQLite's its text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return None if moment is None else moment.replace(tzinfo=UTC)


def walk_hint(index: str | None, *, is_forced: bool, filtered: bool) -> str:
    """Return the words behind a table's name for a SELECT that walks through rows of a parent or owner up to a LIMIT.

    `index` has the order of the walk; with `is_forced`, no other may be taken. Rows may be `filtered` out on the way.
    """
    if vendor() == "mysql":
        # MariaDB begins at the cursor only if forced to. Otherwise it chooses the right index, except that it would
        # walk through the rows of all parents by primary key, because it assumes that rows are spread evenly.
        return f" FORCE INDEX ({index})" if is_forced and index else " IGNORE INDEX (PRIMARY)"
    # The index of a constraint has another name on SQLite.
    if vendor() == "sqlite" and filtered and index and not index.endswith("_unique"):
        # SQLite prefers an index for a filter to the one with the order, and then sorts all matches.
        return f" INDEXED BY {index}"
    return ""


def other_ways(index: str | None) -> tuple[str, ...]:
    """Return the words behind a table's name for other ways to the rows of a page than the optimizer's.

    The first way is along the `index` that has the order, the second to sort what another one finds.
    """
    if vendor() != "mysql" or not index:
        return ()
    return f" FORCE INDEX ({index})", f" IGNORE INDEX FOR ORDER BY ({index})"


def examining(rows: int) -> str:
    """Return the words behind a LIMIT that end a SELECT once it has looked at so many rows (`TooManyRows`).

    Only MariaDB knows them (https://mariadb.com/kb/en/limit-rows-examined/). SQLite and MySQL look at all rows.
    """
    is_mariadb = vendor() == "mysql" and getattr(connection, "mysql_is_mariadb", False)
    return f" {EXAMINED} {rows:d}" if is_mariadb else ""


def meaning_of(error: Error, *, at_commit: bool = False) -> Meaning:
    """Return what an error means. With `at_commit`, COMMIT may have been sent before it.

    Based on the error numbers of MySQL's and MariaDB's server references, SQLite's texts, and other engines'
    SQLSTATE.
    """
    code = error.args[0] if error.args else None
    if vendor() == "sqlite":
        return next((meaning for words, meaning in _SQLITE.items() if words in str(error)), Meaning.FAULT)
    if vendor() != "mysql":
        return _SQLSTATES.get(getattr(error.__cause__, "sqlstate", None), Meaning.FAULT)
    meaning = _MYSQL.get(code, Meaning.FAULT)
    if at_commit and (meaning is Meaning.LOST or code in _MYSQL_UNKNOWN_AT_COMMIT):
        return Meaning.UNKNOWN
    return meaning


def prepare_connections() -> None:
    """Make every connection opened from now on behave alike on all engines."""
    connection_created.connect(_teach_sqlite, dispatch_uid="walletsvc.db.dialect")


def _teach_sqlite(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """Replace SQLite's lower(), which knows ASCII only (https://www.sqlite.org/lang_corefunc.html#lower), and add an
    exact sum: its own adds reals."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("lower", 1, _lower, deterministic=True)
        connection.connection.create_aggregate("EXACT_SUM", 1, _ExactSum)


def _lower(value: object) -> object:
    # Letter by letter, as the servers do: in a whole word, Python maps a final sigma to a different letter.
    return "".join(map(str.lower, value)) if isinstance(value, str) else value


class _ExactSum:
    """Adds amounts, or such sums, without rounding: an aggregate function of SQLite. It skips NULL, as SUM does."""

    def __init__(self) -> None:
        self._sum = ZERO

    def step(self, value: str | float | None) -> None:
        """Add a value: a sum is a text."""
        if value is not None:
            self._sum = add(self._sum, Decimal(value) if isinstance(value, str) else to_decimal(value))

    def finalize(self) -> str:
        """Return the sum."""
        return f"{self._sum:f}"
