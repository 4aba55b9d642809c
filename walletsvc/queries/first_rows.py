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
from walletsvc.schema.kinds import TEXT, TIME

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
    hint_for_few: str = "",
    examined: int | None = None,
) -> Mapping[bytes, Sequence[Row]]:
    """Return up to `limit` rows of `queryset` for each parent, by the text of its id, in the order `walk`.

    `key` is the column that refers to the parent. If parents probably have a `few` rows, all are read together, which
    takes a half to a fifth of the time, unless there turn out to be many. `hints` come from `dialect`; the next is
    tried if a statement with the one before would look at more than `examined` rows. Raises `TooManyRows` after the
    last.
    """
    found = _fetch(
        queryset,
        plan,
        key=key,
        ids=ids,
        walk=walk,
        limit=limit,
        few=few,
        hints=hints,
        scope=scope,
        hint_for_few=hint_for_few,
        examined=examined,
    )
    rows = [row for some in found for row in some]
    # A UNION promises no order, even if its parts have one.
    _sort(rows, plan, walk)
    rows_by_parent: defaultdict[bytes, list[Row]] = defaultdict(list)
    place = plan.places[key]
    for row in rows:
        rows_by_parent[row[place]].append(row)
    for some in rows_by_parent.values():
        del some[limit:]
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
    hint_for_few: str,
    examined: int | None,
) -> Iterator[Sequence[Row]]:
    """Yield rows that include the first `limit` of each parent, and others only if there are few."""
    apart = ids
    if few and len(ids) > 1:
        apart = []
        for chunk in _chunks(ids, _PARENTS_TOGETHER):
            bound = max(limit, _FEW) * len(chunk)
            rows = fetch_rows_of_any(
                queryset,
                plan.columns,
                plan.kinds,
                key=key,
                ids=chunk,
                limit=bound + 1,
                hint=hint_for_few,
                scope=scope,
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
        # UTF-8 keeps the order of code points, and texts of moments have equal lengths.
        key = itemgetter(place) if kind in (TEXT, TIME) else partial(_native, place, kind.native)
        rows.sort(key=key, reverse=descending)


def _native(place: int, native: Callable[[bytes], Any], row: Row) -> Any:
    return native(row[place])
