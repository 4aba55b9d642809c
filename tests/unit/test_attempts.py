"""A page within a bound of rows to look at: which ways are tried, and what is known of the count in the end."""

from __future__ import annotations

from typing import Any

import pytest

from walletsvc import errors
from walletsvc.db.statements import Asked, Statement, TooManyRows, as_number
from walletsvc.principals import ANYONE
from walletsvc.queries.attempts import (
    MOST_AT_FIRST,
    MOST_EXAMINED,
    MOST_WITH_COUNT,
    answer_within,
    number_of,
    number_of_one,
)
from walletsvc.queries.questions import Order, Question
from walletsvc.queries.records import Page, Plan, plan_for
from walletsvc.queries.row_sql import AtLeast

pytestmark = pytest.mark.without_engine

FILTERED, SORTED = Question("Entry", filters=(("kind", "hold"),)), Question("Entry", order=("sequence",))
KEPT = Asked(Statement("SELECT 7"), as_number)
COUNTED = Asked(Statement("SELECT COUNT(*)"), as_number, may_be_left_out=True)
PLAN: Plan = plan_for(ANYONE, "Wallet", None)


class Server:
    """Answers the attempt `good`, counted from 0, and gives up all others."""

    def __init__(self, good: int) -> None:
        self.good = good
        self.asked: list[tuple[str, Asked[int] | None, int | None]] = []

    def ask(self, *, hint: str, count: Asked[int] | None, examined: int | None) -> Asked[Any]:
        self.asked.append((hint, count, examined))
        return Asked(None, lambda _rows: "page")

    def send(self, asked: Asked[Any]) -> Any:
        if len(self.asked) <= self.good:
            raise TooManyRows
        return asked.finish(())

    def answer(self, question: Question, count: Asked[int] | None = None, skipped: int = 0) -> Any:
        ways: dict[str, Any] = {"hint": " FIRST", "others": (" WALK", " SORT")}
        return answer_within(question, self.ask, send=self.send, count=count, skipped=skipped, **ways)


def test_a_list_in_its_usual_order_has_no_bound() -> None:
    server = Server(0)
    assert server.answer(Question("Entry"), COUNTED) == "page"
    assert server.asked == [(" FIRST", COUNTED, None)]


@pytest.mark.parametrize("question", [FILTERED, SORTED])
def test_each_way_is_tried_until_one_finds_the_page(question: Question) -> None:
    ways = [(each, None, MOST_AT_FIRST) for each in (" FIRST", " WALK", " SORT")]
    ways += [(each, None, MOST_EXAMINED) for each in (" FIRST", " SORT")]
    for good in range(5):
        server = Server(good)
        assert server.answer(question) == "page"
        assert server.asked == ways[: good + 1]


def test_a_count_that_takes_too_long_is_left_out_first() -> None:
    server = Server(1)
    assert server.answer(FILTERED, COUNTED) == "page"
    assert server.asked == [(" FIRST", COUNTED, MOST_WITH_COUNT), (" WALK", None, MOST_AT_FIRST)]


def test_a_count_that_is_kept_stays() -> None:
    server = Server(1)
    assert server.answer(FILTERED, KEPT) == "page"
    assert server.asked == [(" FIRST", KEPT, MOST_AT_FIRST), (" WALK", KEPT, MOST_AT_FIRST)]


def test_rows_that_are_skipped_are_looked_at_besides() -> None:
    server = Server(0)
    server.answer(FILTERED, skipped=70)
    assert server.asked == [(" FIRST", None, MOST_AT_FIRST + 70)]


@pytest.mark.parametrize(("question", "parameter"), [(FILTERED, "filter"), (SORTED, "sort")])
def test_a_page_that_no_way_finds_is_refused(question: Question, parameter: str) -> None:
    with pytest.raises(errors.TooBroad) as caught:
        Server(9).answer(question)
    assert (caught.value.code, caught.value.parameter) == ("too_broad", parameter)
    assert caught.value.context == {"limit": MOST_EXAMINED}


def page(rows: int, *, has_next: bool = False, has_previous: bool = False) -> Page:
    return Page(PLAN, [[b"1"]] * rows, Order((("id", False),)), has_next=has_next, has_previous=has_previous)


@pytest.mark.parametrize(
    ("shown", "before", "expected", "is_minimum"),
    [
        (page(3), 0, 3, False),
        (page(0), 0, 0, False),
        (page(3, has_next=True), 0, 3, True),
        (page(3, has_previous=True), 20, 23, False),
        (page(20, has_next=True, has_previous=True), 20, 40, True),
        # Behind the end, and after a cursor, nothing is known of what is before.
        (page(0, has_previous=True), 20, 0, True),
        (page(3), None, 3, True),
    ],
)
def test_without_a_count_a_page_tells_what_it_shows(
    shown: Page, before: int | None, expected: int, is_minimum: bool
) -> None:
    found = number_of(shown, None, before=before)
    assert (found, isinstance(found, AtLeast)) == (expected, is_minimum)
    assert number_of(shown, 99, before=before) == 99


def test_a_parents_number_is_not_below_what_is_shown() -> None:
    for number, expected, is_minimum in ((5, 5, False), (AtLeast(0), 3, True), (AtLeast(100), 100, True)):
        found = number_of_one(number, page(3))
        assert (found, isinstance(found, AtLeast)) == (expected, is_minimum)
