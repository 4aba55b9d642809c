"""The questions at a million rows: every filter and every order that is declared is among them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.flat.measure import Measured
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
