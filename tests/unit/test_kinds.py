"""A text from a row prints exactly as its value would, to the last digit and letter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc import money
from walletsvc.schema import kinds

pytestmark = pytest.mark.without_engine

AMOUNTS = st.decimals(min_value=-money.LIMIT + 1, max_value=money.LIMIT - 1, places=money.DECIMAL_PLACES)
SHORT = st.decimals(min_value=-(10**9), max_value=10**9, places=2)


@given(value=AMOUNTS | SHORT, currency=st.sampled_from(["USD", "JPY", "BHD", "BTC", "ETH", "GONE"]))
def test_an_amount_prints_as_its_value_does(value: Decimal, currency: str) -> None:
    # As a MySQL money column prints it.
    text = f"{value:.{money.DECIMAL_PLACES}f}".encode()
    expected = money.format_amount(value, currency)
    assert kinds.AMOUNT.value(text, currency.encode()) == expected
    others = [(b"1.500000000000000000", b"BTC"), (text, currency.encode()), (b"-7.000000000000000000", b"JPY")]
    assert list(kinds.AMOUNT.json(*zip(*others, strict=True))) == [
        b'"1.50000000"',
        orjson.dumps(expected),
        b'"-7"',
    ]
    for column in ([text], [text, b"12.000000000000000000"], [text] * 3):
        whole = [money.format_amount(Decimal(each.decode()), currency) for each in column]
        assert list(kinds.AMOUNT.json(column, [currency.encode()] * len(column))) == list(map(orjson.dumps, whole))
    assert kinds.AMOUNT.native(text) == value
    assert Decimal(kinds.AMOUNT.encode(value).decode()) == value


@given(
    value=st.datetimes(
        min_value=datetime(1971, 1, 1),  # noqa: DTZ001 - hypothesis adds the time zone
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
    )
)
def test_a_moment_prints_in_utc_to_the_microsecond(value: datetime) -> None:
    text = kinds.TIME.encode(value)
    expected = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert kinds.TIME.value(text, b"") == kinds.print_time(value) == expected
    assert list(kinds.TIME.json([text], [b""])) == [orjson.dumps(expected)]
    assert list(kinds.TIME.json([text] * 2, [b""] * 2)) == [orjson.dumps(expected)] * 2
    assert kinds.TIME.native(text) == value
    # SQLite's driver gives a text, without microseconds that are zero.
    assert kinds.TIME.encode(text.decode().removesuffix(".000000")) == text


@given(values=st.lists(st.text() | st.text("aZ 0/<\x7f"), min_size=1, max_size=4))
def test_texts_print_as_json(values: list[str]) -> None:
    column = [value.encode(errors="ignore") for value in values]
    expected = [orjson.dumps(text.decode()) for text in column]
    assert list(kinds.TEXT.json(column, [b""] * len(column))) == expected


def test_metadata_prints_alike_however_it_was_stored() -> None:
    stored = [b"{}", b'{"a": [1, "x"]}', b'{"a":[1,"x"]}']
    assert list(kinds.METADATA.json(stored, [b""] * 3)) == [b"{}", b'{"a":[1,"x"]}', b'{"a":[1,"x"]}']
