"""The first rows of each of many parents, in an order, without reading further rows of any parent.

A window function (ROW_NUMBER) would number all rows of all parents before it could skip any: with ten wallets of
100,000 transactions that is a million rows for a page of thirty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from django.db.models import Model, QuerySet

from walletsvc.db.statements import TooManyRows
from walletsvc.queries.questions import Order
from walletsvc.queries.records import Plan
from walletsvc.queries.row_sql import Row, fetch_rows_of_any, fetch_rows_of_each
from walletsvc.queries.scope import Scope
from walletsvc.schema.kinds import TEXT, TIME, Kind

_PARENTS_TOGETHER = 500
"""For how many parents one statement reads all rows, if each has few."""
_FEW = 8
"""The most rows a parent may have, on average, for all rows to be read together."""
_PARENTS_APART = 100
"""For how many parents one statement has a SELECT each. MariaDB opens the table once for each of them, and SQLite
allows 500 (https://www.sqlite.org/limits.html#max_compound_select)."""


def fetch_first_rows(
    queryset: QuerySet[Model],
    plan: Plan,
    *,
    key: str,
    ids: Sequence[int],
    walk: Order,
    limit: int,
    few: bool,
    hints: Sequence[str],
    scope: Scope,
    examined: int | None = None,
) -> Mapping[int, list[Row]]:
    """Return up to `limit` rows of `queryset` for each parent, in the order `walk`.

    `key` is the column that refers to the parent. If parents usually have a `few` rows, all are read together, which
    takes a fifth of the time, unless there turn out to be many. `hints` come from `dialect`; the next is tried if a
    statement with the one before would look at more than `examined` rows. Raises `TooManyRows` after the last.
    """
    rows_by_parent: defaultdict[int, list[Row]] = defaultdict(list)
    place = plan.places[key]
    found_rows = _fetch(
        queryset,
        plan,
        key=key,
        ids=ids,
        walk=walk,
        limit=limit,
        few=few,
        hints=hints,
        scope=scope,
        examined=examined,
    )
    for rows in found_rows:
        for row in rows:
            rows_by_parent[int(row[place])].append(row)
    for found in rows_by_parent.values():
        # A UNION promises no order, even if its parts have one.
        _sort(found, plan, walk)
        del found[limit:]
    return rows_by_parent


def _fetch(
    queryset: QuerySet[Model],
    plan: Plan,
    *,
    key: str,
    ids: Sequence[int],
    walk: Order,
    limit: int,
    few: bool,
    hints: Sequence[str],
    scope: Scope,
    examined: int | None,
) -> Iterator[Sequence[Row]]:
    """Yield rows that include the first `limit` of each parent, and others only if there are few."""
    apart = ids
    if few and len(ids) > 1:
        apart = []
        for chunk in _chunks(ids, _PARENTS_TOGETHER):
            bound = max(limit, _FEW) * len(chunk)
            rows = fetch_rows_of_any(
                queryset, plan.columns, plan.kinds, key=key, ids=chunk, limit=bound + 1, scope=scope
            )
            if len(rows) <= bound:
                yield rows
            else:
                apart += chunk
    for chunk in _chunks(apart, _PARENTS_APART):
        yield _fetch_apart(
            hints,
            partial(
                fetch_rows_of_each,
                queryset,
                plan.columns,
                plan.kinds,
                key=key,
                ids=chunk,
                order=walk,
                limit=limit,
                scope=scope,
                examined=examined,
            ),
        )


def _fetch_apart(hints: Sequence[str], fetch: Callable[..., Sequence[Row]]) -> Sequence[Row]:
    *first, last = hints
    for hint in first:
        try:
            return fetch(hint=hint)
        except TooManyRows:
            continue
    return fetch(hint=last)


def _chunks(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _sort(rows: list[Row], plan: Plan, walk: Order) -> None:
    for column, descending in reversed(walk.columns):
        place = plan.places[column]
        kind = plan.kinds[place]
        if kind in (TEXT, TIME):
            # UTF-8 keeps the order of code points, and texts of moments have equal lengths.
            rows.sort(key=itemgetter(place), reverse=descending)
        else:
            rows.sort(key=partial(_native, place, kind), reverse=descending)


def _native(place: int, kind: Kind, row: Row) -> Any:
    return kind.native(row[place])
