"""What differs between the database engines, in one place."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any

from django.db import DatabaseError, IntegrityError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from walletsvc.money import MAX_DIGITS, SQLITE_MAX_DIGITS

_MYSQL_CONTENTION = {
    1020,  # ER_CHECKREAD: what MariaDB 11.6 says where others would wait
    1205,  # ER_LOCK_WAIT_TIMEOUT
    1213,  # ER_LOCK_DEADLOCK
    3572,  # ER_LOCK_NOWAIT
}
_MYSQL_LOST = {
    1040,  # ER_CON_COUNT_ERROR
    1053,  # ER_SERVER_SHUTDOWN
    1927,  # ER_CONNECTION_KILLED (MariaDB)
    2002,  # CR_CONNECTION_ERROR
    2003,  # CR_CONN_HOST_ERROR
    2006,  # CR_SERVER_GONE_ERROR
    2013,  # CR_SERVER_LOST
    4031,  # ER_CLIENT_INTERACTION_TIMEOUT (MySQL)
}
_CONTENTION_SQLSTATES = {"40001", "40P01"}


@cache
def vendor() -> str:
    """Return which engine the database is of: that is the same for the whole process."""
    return connection.vendor


@cache
def exact_digits() -> int:
    """Return how many significant digits of a decimal the current database keeps exactly."""
    return SQLITE_MAX_DIGITS if vendor() == "sqlite" else MAX_DIGITS


def to_decimal(value: object) -> Decimal:
    """Return an amount as a money column gave it: MySQL's are Decimal, SQLite's an int or an 8-byte real."""
    if isinstance(value, Decimal):
        return value
    # 15 digits are what such a number keeps, and what is let in.
    return Decimal(f"{value:.{SQLITE_MAX_DIGITS}g}")


def walk_hint(index: str | None, *, from_cursor: bool, filtered: bool) -> str:
    """Return the words behind a table's name for a SELECT that walks through the rows of one parent up to a LIMIT.

    `index` has the order of the walk, which begins at a cursor or at an end; rows may be `filtered` out on the way.
    """
    if vendor() == "mysql":
        # MariaDB begins at the cursor only if it is told to. Otherwise it knows well which index to take, except that
        # it would walk through the rows of all parents by the primary key, as it takes rows to be spread evenly.
        return f" FORCE INDEX ({index})" if from_cursor and index else " IGNORE INDEX (PRIMARY)"
    if vendor() == "sqlite" and filtered and index:
        # It prefers an index that a filter can use to the one that has the order, and then sorts all that is found.
        return f" INDEXED BY {index}"
    return ""


def is_contention(error: DatabaseError) -> bool:
    """Tell whether the server undid the transaction only because others were in its way.

    MySQL and MariaDB: 1205, 1213, 3572 (server error reference). SQLite: SQLITE_BUSY. SQLSTATE class 40
    elsewhere.
    """
    code = _server_code(error)
    if vendor() == "sqlite":
        return "database is locked" in str(error) or "database table is locked" in str(error)
    return code in _MYSQL_CONTENTION or getattr(error.__cause__, "sqlstate", None) in _CONTENTION_SQLSTATES


def is_duplicate(error: DatabaseError) -> bool:
    """Tell whether a unique constraint refused the statement (MySQL: 1062, ER_DUP_ENTRY)."""
    return isinstance(error, IntegrityError) and (
        _server_code(error) == 1062 or str(error).startswith("UNIQUE constraint failed")
    )


def is_lost(error: DatabaseError) -> bool:
    """Tell whether the database could not be reached, or went away half-way."""
    return vendor() == "mysql" and _server_code(error) in _MYSQL_LOST


def _server_code(error: DatabaseError) -> object:
    return error.args[0] if error.args else None


def prepare_connections() -> None:
    """Make every connection that is opened from now on behave the same on all engines."""
    connection_created.connect(_teach_sqlite_unicode, dispatch_uid="walletsvc.db.dialect")


def _teach_sqlite_unicode(connection: BaseDatabaseWrapper, **_kwargs: Any) -> None:
    """SQLite's own lower() knows ASCII only (https://www.sqlite.org/lang_corefunc.html#lower)."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("lower", 1, _lower, deterministic=True)


def _lower(value: object) -> object:
    # Letter by letter, as the servers do it: in a whole word, Python takes a sigma at the end for another letter.
    return "".join(map(str.lower, value)) if isinstance(value, str) else value
