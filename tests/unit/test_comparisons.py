"""Conditions on amounts and moments that say what the caller said, whatever a column can store."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db.models import Q

from walletsvc.db import dialect
from walletsvc.moments import Moment
from walletsvc.queries.comparisons import compare, compare_moment

pytestmark = pytest.mark.without_engine

NOON = datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("lookup", ["gt", "gte", "lt", "lte"])
def test_a_moment_that_a_column_can_store_is_compared_as_it_is(lookup: str) -> None:
    assert compare_moment("at", lookup, Moment(NOON, whole=True)) == Q(**{f"at__{lookup}": NOON})


@pytest.mark.parametrize(("lookup", "asked"), [("gt", "gt"), ("gte", "gt"), ("lt", "lte"), ("lte", "lte")])
def test_a_moment_between_two_that_a_column_can_store(lookup: str, asked: str) -> None:
    assert compare_moment("at", lookup, Moment(NOON, whole=False)) == Q(**{f"at__{asked}": NOON})


@pytest.mark.parametrize("lookup", ["exact", "gt", "gte", "lt", "lte"])
def test_an_amount_with_few_digits_is_compared_as_it_is(lookup: str) -> None:
    assert compare("sum", lookup, Decimal("0.3")) == Q(**{f"sum__{lookup}": Decimal("0.3")})


@pytest.mark.parametrize(
    ("lookup", "operand", "expected"),
    [
        ("gt", "0.12345", Q(sum__gte=Decimal("0.124"))),
        ("gte", "0.12345", Q(sum__gte=Decimal("0.124"))),
        ("lt", "0.12345", Q(sum__lte=Decimal("0.123"))),
        ("lte", "0.12345", Q(sum__lte=Decimal("0.123"))),
        ("gt", "-0.12345", Q(sum__gte=Decimal("-0.123"))),
        ("lte", "-0.12345", Q(sum__lte=Decimal("-0.124"))),
        ("exact", "0.12345", Q(pk__in=())),
    ],
)
def test_an_amount_between_two_that_a_column_can_store(
    lookup: str, operand: str, expected: Q, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialect, "exact_digits", lambda: 3)
    assert compare("sum", lookup, Decimal(operand)) == expected
