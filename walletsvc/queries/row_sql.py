"""Rows of one table as text, without the cost of the ORM.

The ORM takes two to three times as long to compile a SELECT of a few columns as the server takes to answer it. Here
it compiles only the filters; the rest is text that hardly changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.models import Model, QuerySet

from walletsvc.db import dialect
from walletsvc.db.statements import Asked, Statement, answer, as_number, fetch
from walletsvc.queries.clauses import Joins, among, left_joins, order_by, quote, select_from, where_all
from walletsvc.queries.questions import Order
from walletsvc.queries.scope import ALL, Scope
from walletsvc.schema.kinds import Kind

Row = Sequence[bytes]
"""The columns of a record as text. A key may be None, which only callers that select it need to handle."""


def ask_rows(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    kinds: tuple[Kind, ...],
    *,
    joins: Joins = Joins(),  # noqa: B008 - immutable
    order: Order | None = None,
    limit: int | None = None,
    offset: int = 0,
    count: Asked[int] | None = None,
    hint: str = "",
    scope: Scope = ALL,
    examined: int | None = None,
) -> Asked[tuple[Sequence[Row], int | None]]:
    """Ask for the `columns`, as texts, of `queryset`, which has conditions but no order or limit.

    Also asks for `count`, a single number, in the same statement if possible. `hint` tells the engine which index to
    use, `scope` limits the rows to the visible ones; with `joins`, which only MySQL's texts may have, it names the
    table. With a `limit`, the answer is `TooManyRows` if more than
    `examined` rows would have to be looked at.
    """
    try:
        where, parameters = _condition(queryset, scope)
    except EmptyResultSet:
        return Asked(None, lambda _rows: ([], _answer(count, examined)))
    joined = joins.relations
    rest = hint + left_joins(queryset.model, joined) + where_all(where)
    rest += order_by(order, queryset.model if joined else None)
    parameters = (*joins.parameters, *parameters)
    if limit is not None:
        rest += f" LIMIT {limit:d} OFFSET {offset:d}" if offset else f" LIMIT {limit:d}"
        # What is joined is looked at beside the rows, also to those that are skipped.
        rest += dialect.examining(examined + len(joined) * (offset + limit)) if examined is not None else ""
    if count is None or count.statement is None:
        statement = Statement(select_from(queryset.model, columns, joined=joined) + rest, parameters)
        return Asked(statement, lambda rows: (texts_of(rows, kinds), _answer(count, examined)))
    # The server computes it once, not for each row. A separate round trip would cost more.
    text, counted = count.statement
    statement = Statement(select_from(queryset.model, columns, text, joined) + rest, (*counted, *parameters))
    return Asked(statement, lambda rows: _part(rows, kinds, count, examined))


def _part(
    rows: Sequence[Any], kinds: tuple[Kind, ...], count: Asked[int], examined: int | None
) -> tuple[Sequence[Row], int | None]:
    """Return the rows and the count, which follows the columns in each row; without rows, query the count."""
    if not rows:
        return [], _answer(count, examined)
    number = count.finish([rows[0][-1:]])
    if dialect.vendor() == "mysql":
        # The extra text in each row does no harm.
        return rows, number
    return encode_rows([row[:-1] for row in rows], kinds), number


def _answer(count: Asked[int] | None, examined: int | None) -> int | None:
    if count is None or count.statement is None or examined is None:
        return None if count is None else answer(count)
    words = dialect.examining(examined)
    text, parameters = count.statement
    return answer(replace(count, statement=Statement(f"{text} LIMIT{words}" if words else text, parameters)))


def fetch_rows_by_id(
    model: type[Model], columns: tuple[str, ...], kinds: tuple[Kind, ...], ids: Sequence[int], *, scope: Scope = ALL
) -> Sequence[Row]:
    """Return the rows with these ids, in no particular order; nothing needs compiling for that."""
    if not ids:
        return []
    where = where_all(among("id", ids), scope.text)
    return texts_of(fetch(Statement(select_from(model, columns) + where, scope.parameters)), kinds)


def fetch_rows_of_any(
    queryset: QuerySet[Model],
    columns: tuple[str, ...],
    kinds: tuple[Kind, ...],
    *,
    key: str,
    ids: Sequence[int],
    limit: int,
    hint: str = "",
    scope: Scope = ALL,
) -> Sequence[Row]:
    """Return up to `limit` rows of `queryset` whose `key` is one of `ids`, in no particular order."""
    try:
        where, parameters = _condition(queryset, scope)
    except EmptyResultSet:
        return []
    text = select_from(queryset.model, columns) + hint + where_all(among(quote(key), ids), where)
    return texts_of(fetch(Statement(f"{text} LIMIT {limit:d}", parameters)), kinds)


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
    scope: Scope = ALL,
    examined: int | None = None,
) -> Sequence[Row]:
    """Return the first `limit` rows of `queryset` for each of `ids` that `key` refers to, in one statement.

    Raises `TooManyRows` if it would look at more than `examined` rows.
    """
    try:
        where, parameters = _condition(queryset, scope)
    except EmptyResultSet:
        return []
    # SQLite has no brackets around the parts of a UNION (https://www.sqlite.org/lang_select.html#compound).
    before = "SELECT * FROM (" if dialect.vendor() == "sqlite" else "("
    before += f"{select_from(queryset.model, columns)}{hint} WHERE {quote(key)} = "
    after = f"{f' AND {where}' if where else ''}{order_by(order)} LIMIT {limit:d})"
    words = "" if examined is None else dialect.examining(examined)
    text = " UNION ALL ".join([f"{before}{each:d}{after}" for each in ids]) + (f" LIMIT{words}" if words else "")
    return texts_of(fetch(Statement(text, (*parameters,) * len(ids))), kinds)


def texts_of(rows: Sequence[Any], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    """Return the rows that `fetch` returned as texts."""
    return rows if dialect.vendor() == "mysql" else encode_rows(rows, kinds)


def encode_rows(rows: Iterable[Sequence[Any]], kinds: tuple[Kind, ...]) -> Sequence[Row]:
    """Return rows of values, from models or from SQLite's driver, as texts."""
    columns: Iterable[tuple[Any, ...]] = zip(*rows, strict=True)
    # By column: for a long list that takes half the time. Without rows there are no columns.
    encoded: list[list[Any]] = [
        [None if value is None else encode(value) for value in column]
        for encode, column in zip([kind.encode for kind in kinds], columns, strict=False)
    ]
    return list(zip(*encoded, strict=True))


def ask_number(queryset: QuerySet[Model], *, at_most: int, scope: Scope = ALL) -> Asked[int]:
    """Ask for the number of visible rows in `queryset`, which is `AtLeast` the number `at_most` if there are more."""
    try:
        where, parameters = _condition(queryset, scope)
    except EmptyResultSet:
        return Asked(None, lambda _rows: 0)
    rows = f"SELECT 1 FROM {queryset.model._meta.db_table}{where_all(where)} LIMIT {at_most + 1:d}"  # noqa: S608
    statement = Statement(f"SELECT COUNT(*) FROM ({rows}) counted", parameters)  # noqa: S608 - names of our own
    return Asked(statement, lambda found: up_to(as_number(found), at_most), may_be_left_out=True)


def fetch_numbers(
    queryset: QuerySet[Model], *, key: str, ids: Sequence[int], at_most: int, examined: int
) -> dict[int, int]:
    """Return the number of rows of `queryset` for each of `ids` that `key` refers to; without any, it may be missing.

    If there are more than `at_most` in all, it counts the same share of that of each: then numbers are `AtLeast` it.
    Raises `TooManyRows` if it would look at more than `examined` rows.
    """
    try:
        where, parameters = _condition(queryset, ALL)
    except EmptyResultSet:
        return {}
    words = dialect.examining(examined)
    bound = f" LIMIT{words}" if words else ""
    name, table = quote(key), queryset.model._meta.db_table
    any_of = where_all(f"{name} IN ({', '.join(['%s'] * len(ids))})", where)
    rows = f"SELECT {name} FROM {table}{any_of} LIMIT {at_most + 1:d}"  # noqa: S608 - names of our own
    text = f"SELECT {name}, COUNT(*) FROM ({rows}) counted GROUP BY {name}{bound}"  # noqa: S608 - names of our own
    found = {int(parent): int(number) for parent, number in fetch(Statement(text, (*ids, *parameters)))}
    if sum(found.values()) <= at_most:
        return found
    share = max(1, at_most // len(ids))
    rows = f"SELECT 1 FROM {table}{where_all(f'{name} = %s', where)} LIMIT {share + 1:d}"  # noqa: S608 - names of our own
    part = f"SELECT %s, COUNT(*) FROM ({rows}) counted"  # noqa: S608 - names of our own
    values = [value for identifier in ids for value in (identifier, identifier, *parameters)]
    counted = fetch(Statement(" UNION ALL ".join([part] * len(ids)) + bound, values))
    return {int(parent): up_to(int(number), share) for parent, number in counted}


class AtLeast(int):
    """A number that was not counted to its end."""


def up_to(number: int, at_most: int) -> int:
    """Return a number, or `AtLeast` the number `at_most` if it is larger."""
    return AtLeast(at_most) if number > at_most else number


def _condition(queryset: QuerySet[Model], scope: Scope) -> Scope:
    """Return the condition for a row: to be in `scope`, and to match `queryset`.

    Raises `EmptyResultSet` if the ORM knows that nothing can match, and `TypeError` if that needs another table.
    """
    query = queryset.query
    if not query.where:
        return scope
    # The ORM keeps a table in the query after it has found it unnecessary, but nothing refers to it.
    if sum(map(bool, query.alias_refcount.values())) > 1:
        raise TypeError("Rows are read without a JOIN.")
    try:
        where, parameters = query.get_compiler(connection=connection).compile(query.where)
    except FullResultSet:
        return scope
    text = f"{scope.text} AND {where}" if scope.text else where
    return Scope(text, (*scope.parameters, *parameters))
