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

from walletsvc.db import dialect
from walletsvc.db.statements import Asked, Statement, answer, as_number, fetch
from walletsvc.queries.questions import Order
from walletsvc.schema.kinds import Kind

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
    count: Asked[int] | None = None,
    hint: str = "",
) -> Asked[tuple[Sequence[Row], int | None]]:
    """Ask for the `columns` of `queryset`, which has conditions but no order or limit of its own, as texts.

    And for `count`, which is a single number, by the same statement where that can be. `hint` tells the engine which
    index to take.
    """
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return Asked(None, lambda _rows: ([], _answer(count)))
    if condition is None:
        ordered = queryset.order_by(*(order.order_by() if order else ())).values_list(*columns)
        part = ordered[offset : None if limit is None else offset + limit]
        return Asked(None, lambda _rows: (encode_rows(part, kinds), _answer(count)))
    where, parameters = condition
    rest = hint + _where(where) + _order_by(order)
    if limit is not None:
        rest += f" LIMIT {limit:d} OFFSET {offset:d}" if offset else f" LIMIT {limit:d}"
    if count is None or count.statement is None:
        statement = Statement(_select(queryset.model, columns) + rest, parameters)
        return Asked(statement, lambda rows: (_texts_of(rows, kinds), _answer(count)))
    # The server finds it once, not for each row. A round trip would cost more.
    text, counted = count.statement
    statement = Statement(_select(queryset.model, columns, text) + rest, (*counted, *parameters))
    return Asked(statement, lambda rows: _part(rows, kinds, count))


def _part(rows: Sequence[Any], kinds: tuple[Kind, ...], count: Asked[int]) -> tuple[Sequence[Row], int]:
    """Return the rows and the count, which is behind the columns of each; where there is no row, it is asked for."""
    if not rows:
        return [], answer(count)
    number = count.finish([rows[0][-1:]])
    if dialect.vendor() == "mysql":
        # One text more in a row is in nobody's way.
        return rows, number
    return encode_rows([row[:-1] for row in rows], kinds), number


def _answer(count: Asked[int] | None) -> int | None:
    return None if count is None else answer(count)


def fetch_rows_by_id(
    model: type[Model], columns: tuple[str, ...], kinds: tuple[Kind, ...], ids: Sequence[int]
) -> Sequence[Row]:
    """Return the rows with these ids, in no order; nothing has to be compiled for that."""
    if not ids:
        return []
    marks = ", ".join(["%s"] * len(ids))
    return _texts_of(fetch(Statement(f"{_select(model, columns)} WHERE id IN ({marks})", ids)), kinds)


def fetch_rows_of_any(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    kinds: tuple[Kind, ...],
    *,
    key: str,
    ids: Sequence[int],
    limit: int,
) -> Sequence[Row]:
    """Return up to `limit` rows of `queryset` whose `key` is one of `ids`, in no order."""
    try:
        where, parameters = _own_condition(queryset)
    except EmptyResultSet:
        return []
    among = f"{connection.ops.quote_name(key)} IN ({', '.join(['%s'] * len(ids))})"
    text = f"{_select(queryset.model, columns)}{_where(among, where)} LIMIT {limit:d}"
    return _texts_of(fetch(Statement(text, (*ids, *parameters))), kinds)


def fetch_rows_of_each(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    kinds: tuple[Kind, ...],
    *,
    key: str,
    ids: Sequence[int],
    order: Order,
    limit: int,
    hint: str = "",
) -> Sequence[Row]:
    """Return the first `limit` rows of `queryset` for each of `ids` that `key` refers to, by one statement."""
    try:
        where, parameters = _own_condition(queryset)
    except EmptyResultSet:
        return []
    of_one = _where(f"{connection.ops.quote_name(key)} = %s", where)
    part = f"{_select(queryset.model, columns)}{hint}{of_one}{_order_by(order)} LIMIT {limit:d}"
    # SQLite has no brackets around the parts of a UNION (https://www.sqlite.org/lang_select.html#compound).
    part = f"SELECT * FROM ({part})" if dialect.vendor() == "sqlite" else f"({part})"  # noqa: S608 - names of our own
    values = [value for identifier in ids for value in (identifier, *parameters)]
    return _texts_of(fetch(Statement(" UNION ALL ".join([part] * len(ids)), values)), kinds)


def _own_condition(queryset: QuerySet[Model]) -> tuple[str, Sequence[Any]]:
    condition = _condition(queryset)
    if condition is None:
        raise TypeError("The rows of a parent are read without a JOIN.")
    return condition


def _texts_of(rows: Sequence[Any], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    return rows if dialect.vendor() == "mysql" else encode_rows(rows, kinds)


def encode_rows(rows: Iterable[Sequence[Any]], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    """Return rows of values, of models or of SQLite's driver, as texts."""
    columns: Iterable[tuple[Any, ...]] = zip(*rows, strict=True)
    # Column by column: for a long list that takes half the time. There is no column where there is no row.
    encoded: list[list[Any]] = [
        [None if value is None else encode(value) for value in column]
        for encode, column in zip([kind.encode for kind in kinds], columns, strict=False)
    ]
    return list(zip(*encoded, strict=True))


def ask_number(queryset: QuerySet[Model]) -> Asked[int]:
    """Ask how many rows `queryset` has."""
    try:
        condition = _condition(queryset)
    except EmptyResultSet:
        return Asked(None, lambda _rows: 0)
    if condition is None:
        return Asked(None, lambda _rows: queryset.count())
    where, parameters = condition
    text = f"SELECT COUNT(*) FROM {queryset.model._meta.db_table}{_where(where)}"  # noqa: S608 - names of our own
    return Asked(Statement(text, parameters), as_number)


def _condition(queryset: QuerySet[Model]) -> tuple[str, Sequence[Any]] | None:
    """Return what a row must meet, "" for nothing, and its parameters, or None if that needs another table.

    Raises `EmptyResultSet` if the ORM knows that nothing can match.
    """
    query = queryset.query
    if not query.where:
        return "", ()
    # A table that the ORM has found it can do without is still there, but nothing refers to it.
    if sum(map(bool, query.alias_refcount.values())) > 1:
        return None
    try:
        where, parameters = query.get_compiler(connection=connection).compile(query.where)
    except FullResultSet:
        return "", ()
    return where, parameters


def _where(*conditions: str) -> str:
    """Return the WHERE clause of `conditions`, none of which has an OR that is not in brackets."""
    words = " AND ".join(filter(None, conditions))
    return f" WHERE {words}" if words else ""


@lru_cache(maxsize=1024)
def _select(model: type[Model], columns: tuple[str, ...], number: str = "") -> str:
    """Return the beginning of a SELECT, of `columns` and of what the SELECT of a `number` finds."""
    names = ", ".join(connection.ops.quote_name(column) for column in columns)
    names += f", ({number})" if number else ""
    return f"SELECT {names} FROM {connection.ops.quote_name(model._meta.db_table)}"  # noqa: S608 - names of our own


@lru_cache(maxsize=256)
def _order_by(order: Order | None) -> str:
    if order is None:
        return ""
    words = [f"{connection.ops.quote_name(name)} {'DESC' if falls else 'ASC'}" for name, falls in order.columns]
    return f" ORDER BY {', '.join(words)}"
