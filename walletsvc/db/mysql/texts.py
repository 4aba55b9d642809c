"""Rows as text, as the server sends them: for a long list, a driver spends most of its time on creating objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from MySQLdb import _mysql

from walletsvc.db import dialect
from walletsvc.db.statements import TooManyRows

_INCOMPLETE = 1931
"""ER_QUERY_EXCEEDED_ROWS_EXAMINED_LIMIT, ER_QUERY_RESULT_INCOMPLETE since 10.9: a warning."""
_SORT_ABORTED = 1028
"""ER_FILSORT_ABORT: the same limit, met while sorting."""
TextRow = tuple[bytes | None, ...]

_UNCONVERTED: dict[int, Any] = {}


def fetch_texts(connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any]) -> Sequence[TextRow]:
    """Run a SELECT and return its rows, each column as the bytes of its text (MySQL's text protocol), NULL as None.

    Raises Django's database errors, and `TooManyRows`. Uses Django's own cursor only where that does more than pass
    the statement on: within a transaction, and when something watches the statements.
    """
    if dialect.EXAMINED not in statement:
        return _fetch(connection, statement, parameters)
    try:
        rows = _fetch(connection, statement, parameters)
    except OperationalError as error:
        if error.args[0] == _SORT_ABORTED:
            raise TooManyRows from error
        raise
    if _was_cut_short(connection.connection):
        raise TooManyRows
    return rows


def _was_cut_short(driver: Any) -> bool:
    """Tell whether the last SELECT has met its limit of rows to look at: then it only warns, and may lack rows."""
    if not driver.warning_count():
        return False
    driver.query("SHOW WARNINGS")
    warnings = _mysql.result(driver, 0, _UNCONVERTED).fetch_row(0)
    return any(int(number) == _INCOMPLETE for _, number, _ in warnings)


def _fetch(connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any]) -> Sequence[TextRow]:
    if connection.in_atomic_block or connection.queries_logged or connection.execute_wrappers:
        return _fetch_by_cursor(connection, statement, parameters)
    # As a cursor does: the connection may lead to a host that is not ready any more.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    driver: Any = connection.connection
    with connection.wrap_database_errors:
        text = statement.encode()
        if parameters:
            text %= tuple(map(driver.literal, parameters))
        driver.query(text)
        rows: Sequence[TextRow] = _mysql.result(driver, 0, _UNCONVERTED).fetch_row(0)
        return rows


def stream_texts(
    connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any], *, size: int
) -> Iterator[Sequence[TextRow]]:
    """Run a SELECT and yield its rows as `fetch_texts` returns them, `size` at a time.

    Outside of a transaction, the server sends them as they are read, so neither side keeps them. Until the last one,
    or until the iterator is closed, the connection cannot be used for anything else. Raises Django's database errors.
    """
    if connection.in_atomic_block:
        yield _fetch_by_cursor(connection, statement, parameters)
        return
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    driver: Any = connection.connection
    with connection.wrap_database_errors:
        text = statement.encode()
        if parameters:
            text %= tuple(map(driver.literal, parameters))
        driver.query(text)
        result = _mysql.result(driver, 1, _UNCONVERTED)
        while rows := result.fetch_row(size):
            yield rows


def _fetch_by_cursor(connection: BaseDatabaseWrapper, statement: str, parameters: Sequence[Any]) -> Sequence[TextRow]:
    with connection.cursor() as cursor:
        driver: Any = connection.connection
        converter, driver.converter = driver.converter, _UNCONVERTED
        try:
            cursor.execute(statement, parameters)
            rows: Sequence[TextRow] = cursor.fetchall()
            return rows
        finally:
            driver.converter = converter
