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

pytestmark = pytest.mark.without_engine

SMALLEST = Decimal("0.000000000000000001")

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
        pytest.param("0." + "0" * 62, "0", id="64 characters"),
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
        ("99999999999999999999", "99999999999999999999"),
        ("-99999999999999999999", "-99999999999999999999"),
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
        pytest.param("1." + "0" * 200 + "x", id="x far behind"),
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
        pytest.param(object(), id="object"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_anything_else_is_not_an_amount(value: object) -> None:
    with pytest.raises(errors.InvalidAmount) as caught:
        money.parse_amount(value, field="balance")
    assert (caught.value.code, caught.value.field) == ("invalid_amount", "balance")


@pytest.mark.parametrize("document", ["1e5", "1E5", "1e-5", "1.5e0", "0e0", "NaN", "Infinity", "-Infinity", "true"])
def test_a_json_number_in_another_notation_is_no_amount(document: str) -> None:
    with pytest.raises(errors.InvalidAmount):
        money.parse_amount(from_json(document))


def test_a_json_number_tells_what_it_is() -> None:
    assert [money.parse_json_number(text).__inspect__() for text in ("1.50", "1e5", "1e" + "9" * 30)] == [
        "1.50",
        "1E+5",
        "a number beyond all limits",
    ]
    assert repr(money.parse_json_number("1e5")) == "ScientificDecimal('1E+5')"


@pytest.mark.parametrize(("digits", "kind"), [(1, int), (64, int), (65, money.JsonNumber), (5000, money.JsonNumber)])
def test_a_json_integer_is_an_int_unless_it_is_far_beyond_any_limit(digits: int, kind: type) -> None:
    number = money.parse_json_integer("7" * digits)
    assert type(number) is kind
    assert f"{number:f}" == "7" * digits if kind is money.JsonNumber else number == 7 * (10**digits - 1) // 9


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
def test_an_amount_that_no_wallet_can_hold_is_out_of_range(value: object) -> None:
    with pytest.raises(errors.OutOfRange) as caught:
        money.parse_amount(value)
    assert (caught.value.field, caught.value.context) == ("amount", {"limit": "100000000000000000000"})
    assert caught.value.message == "Amounts and balances have at most 20 digits before the decimal point."


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
        money.parse_amount(given, field="balance")
    assert (caught.value.field, caught.value.context) == ("balance", {"scale": 18})


@given(amounts)
def test_a_value_printed_in_full_is_parsed_again(amount: Decimal) -> None:
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
