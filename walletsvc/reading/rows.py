"""Rows of one table, without the ORM's share of the time.

The ORM takes two to three times as long to compile a SELECT of a few columns as the server takes to answer it. Here
it compiles what it is needed for, the condition; the rest is text that hardly changes. What the ORM would read with
a JOIN is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import DateTimeField, DecimalField, JSONField, Model, QuerySet

from walletsvc import engines
from walletsvc.reading.questions import Order

Row = Sequence[Any]
Convert = Callable[[Any], Any]


def fetch_rows(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    *,
    order: Order | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Row]:
    """Return the rows of `queryset`, which has conditions but no order or limit of its own, as lists of columns."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return []
    if condition is None:
        ordered = queryset.order_by(*(order.order_by() if order else ()))
        return list(ordered.values_list(*columns)[offset : None if limit is None else offset + limit])
    where, parameters = condition
    statement = _select(queryset.model, columns, connection.vendor) + where + _order_by(order)
    if limit is not None:
        statement += f" LIMIT {limit:d} OFFSET {offset:d}" if offset else f" LIMIT {limit:d}"
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows = cursor.fetchall()
    converters = _converters(queryset.model, columns, connection.vendor)
    return [_converted(row, converters) for row in rows]


def count_rows(queryset: QuerySet[Model]) -> int:
    """Return how many rows `queryset` has."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return 0
    if condition is None:
        return queryset.count()
    where, parameters = condition
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {queryset.model._meta.db_table}{where}", parameters)  # noqa: S608
        count: int = cursor.fetchone()[0]
        return count


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
def _select(model: type[Model], columns: tuple[str, ...], vendor: str) -> str:
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    return f"SELECT {names} FROM {connection.ops.quote_name(model._meta.db_table)}"  # noqa: S608 - names of our own


@lru_cache(maxsize=256)
def _order_by(order: Order | None) -> str:
    if order is None:
        return ""
    words = [f"{connection.ops.quote_name(name)} {'DESC' if falls else 'ASC'}" for name, falls in order.columns]
    return f" ORDER BY {', '.join(words)}"


def _converted(row: Row, converters: Sequence[tuple[int, Convert]]) -> Row:
    values = list(row)
    for index, convert in converters:
        values[index] = convert(values[index])
    return values


@lru_cache(maxsize=1024)
def _converters(model: type[Model], columns: tuple[str, ...], vendor: str) -> tuple[tuple[int, Convert], ...]:
    """Return where a row holds something else than the driver's value, and what makes it of that."""
    kinds: dict[type, Convert] = {JSONField: orjson.loads, DateTimeField: _aware}
    if vendor == "sqlite":
        kinds[DecimalField] = engines.to_decimal
    fields = {field.attname: field for field in model._meta.concrete_fields}
    found = ((index, kinds.get(type(fields[column]))) for index, column in enumerate(columns))
    return tuple((index, convert) for index, convert in found if convert is not None)


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)
