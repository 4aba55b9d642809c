"""Rows of one table as text, without the ORM's share of the time.

The ORM takes two to three times as long to compile a SELECT of a few columns as the server takes to answer it. Here
it compiles what it is needed for, the condition; the rest is text that hardly changes. What the ORM would read with
a JOIN is left to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import Model, QuerySet

from walletsvc import engines
from walletsvc.reading.asking import Asked, Statement, fetch
from walletsvc.reading.questions import Order
from walletsvc.reading.texts import Kind

Row = Sequence[bytes]
"""The columns of a record as text. A key may be None, which only who asks for the key has to know."""


def ask_rows(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    kinds: tuple[Kind, ...],
    *,
    order: Order | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Asked[Sequence[Row]]:
    """Ask for the `columns` of `queryset`, which has conditions but no order or limit of its own, as texts."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return Asked(None, lambda _rows: [])
    if condition is None:
        ordered = queryset.order_by(*(order.order_by() if order else ())).values_list(*columns)
        part = ordered[offset : None if limit is None else offset + limit]
        return Asked(None, lambda _rows: encode_rows(part, kinds))
    where, parameters = condition
    text = _select(queryset.model, columns) + where + _order_by(order)
    if limit is not None:
        text += f" LIMIT {limit:d} OFFSET {offset:d}" if offset else f" LIMIT {limit:d}"
    return Asked(
        Statement(text, parameters), lambda rows: rows if engines.vendor() == "mysql" else encode_rows(rows, kinds)
    )


def fetch_rows_by_id(
    model: type[Model], columns: tuple[str, ...], kinds: tuple[Kind, ...], ids: Sequence[int]
) -> Sequence[Row]:
    """Return the rows with these ids, in no order; nothing has to be compiled for that."""
    if not ids:
        return []
    marks = ", ".join(["%s"] * len(ids))
    (rows,) = fetch(Statement(f"{_select(model, columns)} WHERE id IN ({marks})", ids))
    return _texts_of(rows, kinds)


def _texts_of(rows: Sequence[Any], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    return rows if engines.vendor() == "mysql" else encode_rows(rows, kinds)


def encode_rows(rows: Iterable[Sequence[Any]], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    """Return rows of values, of models or of SQLite's driver, as texts."""
    encoded: list[Any] = [
        [value if value is None else kind.encode(value) for kind, value in zip(kinds, row, strict=True)]
        for row in rows
    ]
    return encoded


def ask_number(queryset: QuerySet[Model]) -> Asked[int]:
    """Ask how many rows `queryset` has."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return Asked(None, lambda _rows: 0)
    if condition is None:
        return Asked(None, lambda _rows: queryset.count())
    where, parameters = condition
    text = f"SELECT COUNT(*) FROM {queryset.model._meta.db_table}{where}"  # noqa: S608 - names of our own
    return Asked(Statement(text, parameters), lambda rows: int(rows[0][0]))


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
