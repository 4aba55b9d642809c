"""Rows as the server sends them: text. Most of what a driver does with a long list is to make objects of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from MySQLdb import Error, _mysql

TextRow = tuple[bytes | None, ...]

_UNCONVERTED: dict[int, Any] = {}


def fetch_texts(
    connection: BaseDatabaseWrapper, statements: Sequence[tuple[str, Sequence[Any]]]
) -> list[Sequence[TextRow]]:
    """Run SELECTs, texts with their parameters, by one packet, and return the rows of each.

    Each column is the bytes of its text (MySQL's text protocol), NULL is None. Raises Django's database errors.
    Django's own cursor is gone through where it has more to do than to pass the statements on: within a transaction,
    and where someone watches them.
    """
    if connection.in_atomic_block or connection.queries_logged or connection.execute_wrappers:
        return [_fetch_by_cursor(connection, *statement) for statement in statements]
    connection.ensure_connection()
    driver: Any = connection.connection
    with connection.wrap_database_errors:
        driver.query(b";".join([_fill(driver, *statement) for statement in statements]))
        return _take_all(driver)


def _take_all(driver: Any) -> list[Sequence[TextRow]]:
    """Return the rows of each result that the last query has, or will have."""
    try:
        found: list[Sequence[TextRow]] = [_mysql.result(driver, 0, _UNCONVERTED).fetch_row(0)]
        while driver.next_result() == 0:
            found.append(_mysql.result(driver, 0, _UNCONVERTED).fetch_row(0))
        return found
    except Error:
        raise
    except BaseException:
        # Results may be left that the next statement would take for its own.
        driver.close()
        raise


def _fill(driver: Any, statement: str, parameters: Sequence[Any]) -> bytes:
    text = statement.encode()
    return text % tuple(map(driver.literal, parameters)) if parameters else text


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
