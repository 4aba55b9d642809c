"""The questions at a million rows: every filter and every order that is declared is among them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.flat.data import DEEP, SMALL, SPREAD
from benchmarks.flat.goals import judge
from benchmarks.flat.measure import Measured
from benchmarks.flat.nested import ENTRIES, NESTED, OWNED
from benchmarks.flat.questions import PAGES, listings
from benchmarks.flat.report import report_slow
from walletsvc.queries.filters import FILTER_SETS
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES

pytestmark = pytest.mark.without_engine


class Chooser:
    def choose(self, resource: Resource, name: str) -> Iterator[tuple[str, str]]:
        yield "few", f"{resource.name}'s {name}"


def test_every_declared_filter_and_order_is_asked_on_every_page() -> None:
    found = list(listings(Chooser()))  # type: ignore[arg-type]
    for name, resource in RESOURCES.items():
        of_one = [each for each in found if each.resource == name]
        orders = {(each.order, each.page) for each in of_one if not each.filters}
        assert orders == {(sign + order, page) for sign in ("", "-") for order in resource.orders for page in PAGES}
        alone = {(each.filters[0][0], each.page) for each in of_one if len(each.filters) == 1 and not each.order}
        assert alone == {(each, page) for each in FILTER_SETS[name].base_filters for page in PAGES}
    assert len(found) == len(set(found))


def test_the_report_names_what_is_slow_apart_from_what_is_refused() -> None:
    found = [
        Measured("A: first: all", 3.0),
        Measured("A: first: x=1", 12.0),
        Measured("A: first: y=1", 40.0, refusal="no"),
    ]
    lines = list(report_slow(found, 10))
    assert lines[1].split() == ["A:", "first", "3", "1", "1", "12.0", "40.0"]
    assert [line.split()[0] for line in lines[3:]] == ["12.00"]


def test_what_grows_and_what_is_refused_misses_its_goal() -> None:
    questions = [*NESTED, *ENTRIES, *OWNED]
    asked = {(name, each): Measured(each, 4.0, 2.0) for name in (SMALL, SPREAD, DEEP) for each in questions}
    goals = list(judge(asked, [Measured("A", 3.0), Measured("B", 40.0, refusal="no")]))
    assert all(goal.holds for goal in goals)
    assert len(goals) == 2 * len(NESTED) + len(ENTRIES) + 3
    first, *_ = NESTED
    every, newest, *_ = ENTRIES
    _, of_owner = OWNED
    asked |= {
        (DEEP, first): Measured(first, 6.1, 10.1),
        (SPREAD, every): Measured(every, 0.1, refusal="no"),
        (DEEP, newest): Measured(newest, 6.2),
        (SPREAD, of_owner): Measured(of_owner, 4.5),
    }
    missed = [goal for goal in judge(asked, [Measured("A", 10.5)]) if not goal.holds]
    names = [first, first, every, newest, of_owner, "1 lists that are answered"]
    assert [goal.name.partition(": ")[0] for goal in missed] == names
    assert [goal.measured for goal in missed] == [6.1 / 4, 10.1, None, 6.2 / 4, 4 / 4.5, 1]
