"""Rows of one table as text, without the ORM's share of the time.

The ORM takes two to three times as long to compile a SELECT of a few columns as the server takes to answer it. Here
it compiles what it is needed for, the condition; the rest is text that hardly changes. What the ORM would read with
a JOIN is left to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, QuerySet

from walletsvc.reading.questions import Order
from walletsvc.reading.texts import Kind

Row = Sequence[bytes]
"""The columns of a record as text. A key may be None, which only who asks for the key has to know."""


def fetch_rows(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    kinds: tuple[Kind, ...],
    *,
    order: Order | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Sequence[Row]:
    """Return the rows of `queryset`, which has conditions but no order or limit of its own, as texts of `columns`."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return []
    if condition is None:
        ordered = queryset.order_by(*(order.order_by() if order else ()))
        return encode_rows(ordered.values_list(*columns)[offset : None if limit is None else offset + limit], kinds)
    where, parameters = condition
    statement = _select(queryset.model, columns) + where + _order_by(order)
    if limit is not None:
        statement += f" LIMIT {limit:d} OFFSET {offset:d}" if offset else f" LIMIT {limit:d}"
    return _fetch(statement, parameters, kinds)


def fetch_rows_by_id(
    model: type[Model], columns: tuple[str, ...], kinds: tuple[Kind, ...], ids: Sequence[int]
) -> Sequence[Row]:
    """Return the rows with these ids, in no order; nothing has to be compiled for that."""
    if not ids:
        return []
    marks = ", ".join(["%s"] * len(ids))
    return _fetch(f"{_select(model, columns)} WHERE id IN ({marks})", ids, kinds)


def _fetch(statement: str, parameters: Sequence[Any], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    rows = fetch(statement, parameters)
    return rows if _is_mysql() else encode_rows(rows, kinds)


def fetch(statement: str, parameters: Sequence[Any]) -> Sequence[Any]:
    """Return the rows of a SELECT: texts from MySQL, values from other engines. `int` takes the numbers of both."""
    # Not by the proxy `connection`, which looks for it at each access.
    database = connections[DEFAULT_DB_ALIAS]
    if _is_mysql():
        # There it can be imported: the driver comes with it.
        from walletsvc.mysql.texts import fetch_texts

        return fetch_texts(database, statement, parameters)
    with database.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: Sequence[Any] = cursor.fetchall()
        return rows


@cache
def _is_mysql() -> bool:
    """Tell whether rows come as texts. The engine is the same for the whole process."""
    return connection.vendor == "mysql"


def encode_rows(rows: Iterable[Sequence[Any]], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    """Return rows of values, of models or of SQLite's driver, as texts."""
    encoded: list[Any] = [
        [value if value is None else kind.encode(value) for kind, value in zip(kinds, row, strict=True)]
        for row in rows
    ]
    return encoded


def count_rows(queryset: QuerySet[Model]) -> int:
    """Return how many rows `queryset` has."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return 0
    if condition is None:
        return queryset.count()
    where, parameters = condition
    ((count,),) = fetch(f"SELECT COUNT(*) FROM {queryset.model._meta.db_table}{where}", parameters)  # noqa: S608
    return int(count)


def _condition(queryset: QuerySet[Model]) -> tuple[str, Sequence[Any]] | None:
    """Return the WHERE clause and its parameters, or None if it needs another table.

    Raises `EmptyResultSet` if the ORM knows that nothing can match.
    """
    query = queryset.query
    if not query.where:
        return "", ()
    if len(query.alias_map) > 1:
        return None
    try:
        where, parameters = query.get_compiler(connection=connection).compile(query.where)
    except FullResultSet:
        return "", ()
    return f" WHERE {where}", parameters


@lru_cache(maxsize=1024)
def _select(model: type[Model], columns: tuple[str, ...]) -> str:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    return f"SELECT {names} FROM {connection.ops.quote_name(model._meta.db_table)}"  # noqa: S608 - names of our own


@lru_cache(maxsize=256)
def _order_by(order: Order | None) -> str:
    if order is None:
        return ""
    words = [f"{connection.ops.quote_name(name)} {'DESC' if falls else 'ASC'}" for name, falls in order.columns]
    return f" ORDER BY {', '.join(words)}"
