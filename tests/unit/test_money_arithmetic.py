"""Currencies and their scales, exact sums, and how an amount prints."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc import errors, money

pytestmark = pytest.mark.without_engine

LARGEST = Decimal("99999999999999999999.999999999999999999")
SMALLEST = Decimal("0.000000000000000001")
THIRTY_EIGHT = Decimal("12345678901234567890.123456789012345678")

amounts = st.integers(1 - 10**38, 10**38 - 1).map(lambda units: Decimal(units).scaleb(-18, decimal.Context(prec=38)))


# -- currencies ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "scale"),
    [("USD", 2), ("EUR", 2), ("CZK", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("BTC", 8), ("ETH", 18)],
)
def test_a_currency_has_its_scale(currency: str, scale: int) -> None:
    assert money.parse_currency(currency) == currency
    assert money.scales()[currency] == scale
    fits, too_fine = Decimal(1).scaleb(-scale), Decimal(1).scaleb(-scale - 1)
    money.check_scale(fits, currency=currency)
    money.check_scale(Decimal("5.000000"), currency=currency)
    with pytest.raises(errors.ScaleExceeded) as caught:
        money.check_scale(too_fine, currency=currency, field="balance")
    assert (caught.value.field, caught.value.context) == ("balance", {"scale": scale, "currency": currency})


@pytest.mark.parametrize("value", ["usd", "US", "", "XXX", "XAU", "DOGE", " USD", "U$D", "x" * 1_000_000])
def test_an_unknown_currency_is_refused(value: str) -> None:
    with pytest.raises(errors.UnknownCurrency) as caught:
        money.parse_currency(value)
    assert caught.value.field == "currency"
    assert caught.value.message == f"There is no currency {value[:16]!r}."


@pytest.mark.parametrize("value", [None, 840, ["USD"], True])
def test_a_currency_is_a_text(value: object) -> None:
    with pytest.raises(errors.Invalid) as caught:
        money.parse_currency(value)
    assert caught.value.field == "currency"


def test_a_currency_that_is_no_longer_known_has_the_places_of_the_columns() -> None:
    money.check_scale(SMALLEST, currency="DOGE")
    with pytest.raises(errors.ScaleExceeded) as caught:
        money.check_scale(SMALLEST / 10, currency="DOGE")
    assert caught.value.context == {"scale": 18, "currency": "DOGE"}


def test_the_settings_name_assets_and_their_scales(settings: Any) -> None:
    settings.ASSETS = {"GOLD": 4, "USD": 3}
    assert (money.scales()["GOLD"], money.scales()["USD"], money.scales()["JPY"]) == (4, 3, 0)
    assert "XXX" not in money.scales()
    assert money.scales() is money.scales()  # made once
    with pytest.raises(errors.UnknownCurrency):
        money.parse_currency("BTC")


# -- arithmetic ----------------------------------------------------------------------------------------


def test_sums_of_thirty_eight_digits_are_exact() -> None:
    assert Decimal("12345678901234567890.12345679") == THIRTY_EIGHT + SMALLEST  # what the default context does
    assert money.add(THIRTY_EIGHT, SMALLEST) == Decimal("12345678901234567890.123456789012345679")
    assert money.add(LARGEST, LARGEST) == Decimal("199999999999999999999.999999999999999998")
    assert money.add(LARGEST, money.negate(SMALLEST)) == Decimal("99999999999999999999.999999999999999998")
    assert money.negate(THIRTY_EIGHT) == Decimal("-12345678901234567890.123456789012345678")


def test_nothing_minus_nothing_has_no_sign() -> None:
    assert str(money.negate(Decimal(0))) == "0"
    assert str(money.add(Decimal("5.00"), Decimal("-5.00"))) == "0.00"


@given(amounts, amounts)
def test_sums_are_those_of_integers(left: Decimal, right: Decimal) -> None:
    units = int(left.scaleb(18, decimal.Context(prec=60))) + int(right.scaleb(18, decimal.Context(prec=60)))
    assert money.add(left, right) == Decimal(units).scaleb(-18, decimal.Context(prec=60))
    assert money.add(money.add(left, right), money.negate(right)) == left


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        ("0", 0),
        ("100000000000000000000", 1),
        ("0.000000000000000001", 1),
        ("1.50", 2),
        ("10.01", 4),
        (str(LARGEST), 38),
    ],
)
def test_significant_digits_leave_out_zeros_at_both_ends(value: str, digits: int) -> None:
    money.check_precision(Decimal(value), max_digits=digits)
    if digits:
        with pytest.raises(errors.PrecisionExceeded) as caught:
            money.check_precision(Decimal(value), max_digits=digits - 1, field="balance")
        assert (caught.value.field, caught.value.context) == ("balance", {"limit": digits - 1})


# -- printing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("150", "USD", "150.00"),
        ("0", "USD", "0.00"),
        ("0E-18", "USD", "0.00"),
        ("-0.5", "USD", "-0.50"),
        ("1E+3", "USD", "1000.00"),
        ("150.000000000000000000", "JPY", "150"),
        ("0", "ETH", "0.000000000000000000"),
        ("0.00000001", "BTC", "0.00000001"),
        (str(LARGEST), "ETH", "99999999999999999999.999999999999999999"),
        ("99999999999999999999.990000000000000000", "USD", "99999999999999999999.99"),
        # A currency that the settings no longer know, or whose scale they have lowered: in full.
        ("1.500", "GONE", "1.5"),
        ("7", "GONE", "7"),
        ("0.125", "USD", "0.125"),
    ],
)
def test_an_amount_prints_at_the_scale_of_its_currency(value: str, currency: str, text: str) -> None:
    assert money.format_amount(Decimal(value), currency) == text


@pytest.mark.parametrize(("value", "text"), [("5", "5"), ("1E+3", "1000"), ("1.50", "1.5"), ("-0.10", "-0.1")])
def test_in_full_there_is_no_digit_too_many(value: str, text: str) -> None:
    assert money.format_plain(Decimal(value)) == text


@given(amounts)
def test_printing_loses_nothing(amount: Decimal) -> None:
    for currency in ("USD", "JPY", "ETH", "GONE"):
        assert Decimal(money.format_amount(amount, currency)) == amount
