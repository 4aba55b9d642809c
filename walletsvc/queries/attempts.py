"""Find the rows of a page within a bound of rows to look at, in one way after the other.

A page shows a hundred rows at most. But what is filtered or sorted without an index that fits may look at all rows of
a table to find them, and the server's optimizer guesses how many pass a filter. So each way has a bound, and the next
one is tried at it. If none finds the page, it is refused: no list takes longer than that, however large the ledger
is.

Only MariaDB stops at the bound (`dialect.examining`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from walletsvc.db.statements import Asked, TooManyRows
from walletsvc.errors import TooBroad
from walletsvc.queries.questions import Question
from walletsvc.queries.records import Page
from walletsvc.queries.row_sql import AtLeast
from walletsvc.schema.resources import RESOURCES

T = TypeVar("T")

MOST_EXAMINED = 50_000
"""How many rows one way looks at: 10 ms in the order of the table, 50 ms where each is found through an index."""
MOST_WITH_COUNT = 30_000
"""The same for a page with its count: twice the rows that are counted at most (`counts.COUNTED_AT_MOST`), and a
page."""
MOST_AT_FIRST = 10_000
"""The same for the first turn of all ways: one that is good finds the page soon, and no other one has to be waited
for."""


class Ask(Protocol):
    """Asks for a page with an index hint, and for a count with it, looking at so many rows."""

    def __call__(self, *, hint: str, count: Asked[int] | None, examined: int | None) -> Asked[Any]: ...


def is_bounded(question: Question) -> bool:
    """Tell whether more rows than it shows could be looked at: without filters, and in the usual order, none are."""
    return bool(question.filters or question.order)


def answer_within(
    question: Question,
    ask: Ask,
    *,
    send: Callable[[Asked[Any]], T],
    hint: str,
    others: Sequence[str],
    count: Asked[int] | None,
    skipped: int,
) -> T:
    """Return the page, with its count if that was possible as well. Raises `TooBroad`.

    `hint` is the way to begin with. `others` are those after it: along the order, and then sorting what passes. The
    page begins after so many `skipped` rows.
    """
    if not is_bounded(question):
        return send(ask(hint=hint, count=count, examined=None))
    kept = None if count is None or count.may_be_left_out else count
    ways = [(hint, count, MOST_AT_FIRST if count is kept else MOST_WITH_COUNT)]
    ways += [(other, kept, MOST_AT_FIRST) for other in others]
    # The first of the others is a walk: where it helps, many rows pass, and it soon finds them.
    ways += [(each, kept, MOST_EXAMINED) for each in (hint, *others[1:])]
    for way, counted, bound in ways:
        try:
            return send(ask(hint=way, count=counted, examined=bound + skipped))
        except TooManyRows:
            continue
    raise too_broad(question)


def too_broad(question: Question) -> TooBroad:
    """Return the refusal of a list that would look at too many rows."""
    orders = RESOURCES[question.resource].orders
    given = {each.removeprefix("-") for each in question.order}
    ranges = [each.partition(".") for each, _ in question.filters if not each.endswith(".icontains")]
    names = [name for name, _, lookup in ranges if lookup and name in orders.keys() - given]
    advice = f"sort by {names[0]}" if names else "take another order"
    return TooBroad(
        f"To find these, more than {MOST_EXAMINED:,} rows of {question.resource} would have to be looked at."
        f" Narrow the list by one more filter, or {advice}.",
        parameter="filter" if question.filters else "sort",
        limit=MOST_EXAMINED,
    )


def number_of(page: Page, number: int | None, *, before: int | None) -> int:
    """Return the number of records of the list: the one that was counted, or else what the page itself shows of it.

    It begins after `before` records, None if that is not known.
    """
    if number is not None:
        return number
    seen = (before or 0) + len(page.rows)
    is_whole = before is not None and not page.has_next and (page.rows or before == 0)
    return seen if is_whole else AtLeast(seen if page.rows else 0)


def number_of_one(number: int, page: Page) -> int:
    """Return the number of a parent's records, which is not below what the page shows."""
    return AtLeast(max(number, len(page.rows))) if isinstance(number, AtLeast) else number
