"""Amounts: exact in, exact out, and everything else refused."""

from __future__ import annotations

import decimal
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc import errors, money

LARGEST = Decimal("99999999999999999999.999999999999999999")
SMALLEST = Decimal("0.000000000000000001")
THIRTY_EIGHT = Decimal("12345678901234567890.123456789012345678")

amounts = st.integers(1 - 10**38, 10**38 - 1).map(lambda units: Decimal(units).scaleb(-18, decimal.Context(prec=38)))


def from_json(text: str) -> object:
    return json.loads(text, parse_float=money.parse_json_number)


# -- parsing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("150.00", "150"),
        ("-0.01", "-0.01"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("1.0000000000000000000000", "1"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        ("-99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"),
    ],
)
def test_a_plain_decimal_text_is_an_amount(text: str, value: str) -> None:
    assert money.parse_amount(text) == Decimal(value)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ("5", "5"),
        ("-5", "-5"),
        ("0.1", "0.1"),
        ("150.00", "150"),
        ("12345678901234567890.123456789012345678", "12345678901234567890.123456789012345678"),
        ("-0.0", "0"),
    ],
)
def test_a_json_number_is_an_amount_with_all_its_digits(document: str, value: str) -> None:
    assert money.parse_amount(from_json(document)) == Decimal(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "-",
        "--5",
        "+5",
        " 5",
        "5 ",
        "5\n",
        "\u00a05",
        ".5",
        "5.",
        "00.5",
        "007",
        "-01",
        "1,000.00",
        "1.000,00",
        "1_000",
        "1 000",
        "1e5",
        "1E5",
        "1e-5",
        "0x10",
        "NaN",
        "nan",
        "sNaN",
        "Infinity",
        "-Infinity",
        "inf",
        "five",
        "$5",
        "5 USD",
        "\u0665",
        "\uff15",
        "5\u0660",
        "\u22125",
        "5\0",
        "\ud800",
        "x" * 1_000_000,
        "1" + "x" * 1_000_000,
        True,
        False,
        [],
        ["5"],
        {},
        {"amount": "5"},
        b"5",
        1.5,
        5.0,
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("Infinity"),
        object(),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_anything_else_is_no_amount(value: object) -> None:
    with pytest.raises(errors.InvalidAmount) as caught:
        money.parse_amount(value, field="balance")
    assert (caught.value.code, caught.value.field) == ("invalid_amount", "balance")


@pytest.mark.parametrize("document", ["1e5", "1E5", "1e-5", "1.5e0", "0e0", "NaN", "Infinity", "-Infinity", "true"])
def test_a_json_number_in_another_notation_is_no_amount(document: str) -> None:
    with pytest.raises(errors.InvalidAmount):
        money.parse_amount(from_json(document))


def test_an_amount_is_required() -> None:
    with pytest.raises(errors.Required) as caught:
        money.parse_amount(None)
    assert caught.value.field == "amount"


@pytest.mark.parametrize(
    "value",
    [
        "100000000000000000000",
        "-100000000000000000000",
        "1" * 40,
        "1" * 1_000_000,
        "1" * 40 + ".5",
        10**20,
        -(10**20),
        10**5000,
        -(10**5000),
        Decimal("1E+20"),
        Decimal("1E+1000000"),
    ],
    ids=lambda value: f"{type(value).__name__} of {len(value) if isinstance(value, str) else 'many'}",
)
def test_what_no_wallet_can_hold_is_out_of_range(value: object) -> None:
    with pytest.raises(errors.OutOfRange) as caught:
        money.parse_amount(value)
    assert (caught.value.field, caught.value.context) == ("amount", {"limit": "100000000000000000000"})


@pytest.mark.parametrize(
    "value",
    [
        "0.0000000000000000001",
        "1.1234567890123456789",
        "0." + "0" * 200 + "1",
        "0." + "1" * 1_000_000,
        Decimal("1E-19"),
        Decimal("1E-101"),
        Decimal("1E-1000000"),
        "from JSON",
    ],
    ids=lambda value: str(value)[:24],
)
def test_nineteen_decimal_places_are_too_many(value: object) -> None:
    given = from_json("0." + "0" * 200 + "1") if value == "from JSON" else value
    with pytest.raises(errors.ScaleExceeded) as caught:
        money.parse_amount(given)
    assert caught.value.context == {"scale": 18}


@given(amounts)
def test_what_is_printed_in_full_is_parsed_again(amount: Decimal) -> None:
    text = money.format_plain(amount)
    assert money.parse_amount(text) == amount
    if amount:
        assert money.parse_amount(from_json(text)) == amount


@given(st.text(max_size=80) | st.text("0123456789.-+eE, ", max_size=70) | st.integers() | st.decimals() | st.floats())
def test_no_input_gets_past_the_rules(value: Any) -> None:
    try:
        amount = money.parse_amount(value)
    except (errors.InvalidAmount, errors.OutOfRange, errors.ScaleExceeded):
        pass
    else:
        assert -money.LIMIT < amount < money.LIMIT
        assert amount == Decimal(value)
        assert amount == amount.quantize(SMALLEST, context=decimal.Context(prec=38))


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
    assert len(caught.value.message) < 100


@pytest.mark.parametrize("value", [None, 840, ["USD"], True])
def test_a_currency_is_a_text(value: object) -> None:
    with pytest.raises(errors.Invalid):
        money.parse_currency(value)


def test_the_settings_name_assets_and_their_scales(settings: Any) -> None:
    settings.ASSETS = {"GOLD": 4, "USD": 3}
    assert (money.scales()["GOLD"], money.scales()["USD"]) == (4, 3)
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
            money.check_precision(Decimal(value), max_digits=digits - 1)
        assert caught.value.context == {"limit": digits - 1}


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
        # Of a currency that the settings no longer know, or whose scale they have lowered: in full.
        ("1.500", "GONE", "1.5"),
        ("7", "GONE", "7"),
        ("0.125", "USD", "0.125"),
    ],
)
def test_an_amount_prints_at_the_scale_of_its_currency(value: str, currency: str, text: str) -> None:
    assert money.format_amount(Decimal(value), currency) == text


@given(amounts)
def test_what_is_printed_loses_nothing(amount: Decimal) -> None:
    for currency in ("USD", "JPY", "ETH", "GONE"):
        assert Decimal(money.format_amount(amount, currency)) == amount
