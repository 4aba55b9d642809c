"""Rates are read from texts, and other texts are refused."""

from __future__ import annotations

import pytest

from walletsvc import errors
from walletsvc.access.rates import parse_rate

pytestmark = pytest.mark.without_engine


@pytest.mark.parametrize(
    ("text", "amount", "seconds", "printed"),
    [
        ("6000/minute", 6000, 60, "6000/minute"),
        ("100/second", 100, 1, "100/second"),
        ("100 per 5 seconds", 100, 5, "100/5 seconds"),
        ("1/Day", 1, 86_400, "1/day"),
    ],
)
def test_a_rate_is_read_and_printed(text: str, amount: int, seconds: int, printed: str) -> None:
    rate = parse_rate(text)
    assert (rate.amount, rate.seconds, rate.text) == (amount, seconds, printed)
    assert parse_rate(printed) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "6000", "many/minute", "0/minute", "-1/minute", "1/fortnight", "1/month", "1.5/second"),
        *("1/minute;2/hour", "1/minute " * 10, "1000000001/second", "1/second\nx"),
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        parse_rate(text)
    assert "is no limit" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("amount", [1, 2, 99, 100, 101, 199, 200, 299, 6000, 123_457])
def test_blocks_never_come_to_more_than_the_rate(amount: int) -> None:
    rate = parse_rate(f"{amount}/minute")
    assert amount * 0.99 <= rate.block * rate.blocks <= amount
    assert rate.blocks <= 199
