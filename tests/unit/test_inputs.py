"""Callers' values are accepted unchanged, or refused by field."""

from __future__ import annotations

import json
import unicodedata
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc import errors
from walletsvc.commands.given import arguments_of, parse_given
from walletsvc.commands.holds import CreateHold
from walletsvc.commands.inputs import Refusals, parse_id
from walletsvc.ids import MAX_ID
from walletsvc.money import parse_json_number
from walletsvc.schema.resources import HOLD, TRANSFER
from walletsvc.schema.reversals import TRANSACTION_REVERSAL
from walletsvc.schema.types import Metadata, Text
from walletsvc.schema.values import parse_metadata, parse_name

pytestmark = pytest.mark.without_engine


def code_of(parse: Any, value: object, **rest: object) -> str:
    """Return the code that a value is refused with."""
    with pytest.raises(errors.WalletError) as caught:
        parse(value, **rest)
    return caught.value.code


# -- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "a" * 255,
        "\U0001f4b0" * 255,
        "My Wallet",
        "a\u00a0b",
        "\u00e9",
        "e\u0301",
        "\u200b",
        "\ufeffa",
        "\u202etxet",
        "\U0010ffff",
        "'; DROP TABLE walletsvc_entry; --",
        "%_\\",
    ],
    ids=ascii,
)
def test_a_name_is_kept_unchanged(name: str) -> None:
    assert parse_name(name, field="label") == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (None, "required"),
        ("", "blank"),
        (" ", "invalid"),
        (" a", "invalid"),
        ("a ", "invalid"),
        ("a\u00a0", "invalid"),
        ("\u3000a", "invalid"),
        ("a\u2028", "invalid"),
        ("a\u2003", "invalid"),
        ("a\n", "invalid"),
        ("a\tb", "invalid"),
        ("a\0b", "invalid"),
        ("\x1b[31m", "invalid"),
        ("a\x7f", "invalid"),
        ("a\x85b", "invalid"),
        ("a\x9fb", "invalid"),
        ("\ud800", "invalid"),
        ("a\udfffb", "invalid"),
        ("a" * 256, "too_long"),
        ("\U0001f4b0" * 256, "too_long"),
        ("a" * 1_000_000, "too_long"),
        (5, "invalid"),
        (True, "invalid"),
        (["a"], "invalid"),
        ({"a": 1}, "invalid"),
        (b"a", "invalid"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_name_is_refused(name: object, code: str) -> None:
    assert code_of(parse_name, name, field="label") == code


@given(st.text(max_size=300))
def test_a_name_is_unchanged_or_refused(text: str) -> None:
    has_control = any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
    fine = 0 < len(text) <= 255 and not has_control and text == text.strip()
    if fine:
        assert parse_name(text, field="txid") == text
    else:
        assert code_of(parse_name, text, field="txid") in ("blank", "invalid", "too_long")


def test_a_description_may_be_empty_and_have_lines() -> None:
    assert Text().default() == ""
    assert Text(1000).parse("", field="description") == ""
    assert Text(1000).parse(" two\nlines\t ", field="description") == " two\nlines\t "
    assert Text(1000).parse("d" * 1000, field="description") == "d" * 1000
    assert code_of(Text(1000).parse, "d" * 1001, field="description") == "too_long"
    for refused in ("a\0", "a\r\n", "\ud800", None, 5):
        assert code_of(Text(1000).parse, refused, field="description") == "invalid"


# -- metadata ------------------------------------------------------------------------------------------


def nested(depth: int) -> object:
    """Return an object in an object, `depth` levels of values deep."""
    value: object = 1
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"": ""},
        {"a": None, "b": True, "c": "x", "d": [1, [2]], "e": {"f": -5}},
        {"largest": 2**63 - 1, "smallest": -(2**63)},
        {"\U0001f4b0": "\u00e9\n\x1f"},
        nested(16),
    ],
    ids=lambda value: str(value)[:24],
)
def test_metadata_is_kept_unchanged(metadata: dict[str, object]) -> None:
    assert parse_metadata(metadata) == metadata
    assert json.loads(json.dumps(parse_metadata(metadata))) == metadata


def test_metadata_is_empty_unless_given() -> None:
    assert Metadata().default() == {}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ("0.1", 0.1),
        ("0.10", 0.1),
        ("-2.5", -2.5),
        ("1e5", 100000.0),
        ("1.7976931348623157e308", 1.7976931348623157e308),
    ],
)
def test_a_number_that_keeps_its_digits_is_kept(document: str, value: float) -> None:
    metadata = json.loads(f'{{"a": {document}}}', parse_float=parse_json_number)
    assert parse_metadata(metadata) == {"a": value}


@pytest.mark.parametrize(
    "document",
    [
        "0.12345678901234567890",
        "12345678901234567890.5",
        "1e400",
        "-1e400",
        "1e-400",
        "9223372036854775808",
        "-9223372036854775809",
        "NaN",
        "Infinity",
        "1" * 5000 + ".5",
    ],
    ids=lambda value: value[:24],
)
def test_a_number_that_would_lose_digits_is_refused(document: str) -> None:
    metadata = json.loads(f'{{"a": [{document}]}}', parse_float=parse_json_number)
    assert code_of(parse_metadata, metadata) == "invalid"


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        [],
        "{}",
        5,
        True,
        nested(17),
        nested(10_000),
        {"a": "\0"},
        {"a\0": 1},
        {"a": ["\ud800"]},
        {"\udfff": 1},
        {"a": {"b": {"\ud800": 1}}},
        {"a": object()},
        {"a": b"x"},
        {"a": Decimal("NaN")},
    ],
    ids=lambda value: "an object" if isinstance(value, dict) else ascii(value)[:24],
)
def test_metadata_is_refused(metadata: object) -> None:
    assert code_of(parse_metadata, metadata) == "invalid"


def test_metadata_has_a_size() -> None:
    overhead = len(json.dumps({"a": ""}))
    assert parse_metadata({"a": "x" * (16_384 - overhead)})
    assert code_of(parse_metadata, {"a": "x" * (16_385 - overhead)}) == "too_long"
    # Counted as JSON of ASCII: a character beyond it takes six.
    assert code_of(parse_metadata, {"a": "\u00e9" * 3_000}) == "too_long"


# -- ids -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "identifier"), [("1", 1), (1, 1), (str(MAX_ID), MAX_ID), (MAX_ID, MAX_ID), ("0", 0)]
)
def test_an_id_is_an_integer_or_its_digits(value: object, identifier: int) -> None:
    assert parse_id(value, what="Wallet") == identifier


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "required"),
        (True, "invalid"),
        (False, "invalid"),
        (1.0, "invalid"),
        (Decimal(1), "invalid"),
        ([1], "invalid"),
        ({}, "invalid"),
        (b"1", "invalid"),
        ("", "not_found"),
        ("x", "not_found"),
        ("01", "not_found"),
        ("-1", "not_found"),
        ("+1", "not_found"),
        ("1.0", "not_found"),
        ("1e3", "not_found"),
        (" 1", "not_found"),
        ("1\n", "not_found"),
        ("\uff11", "not_found"),
        ("\u0661", "not_found"),
        ("\u00b2", "not_found"),
        ("1\0", "not_found"),
        ("\ud800", "not_found"),
        (-1, "not_found"),
        (MAX_ID + 1, "not_found"),
        (10**5000, "not_found"),
        (-(10**5000), "not_found"),
        (str(MAX_ID + 1), "not_found"),
        ("9" * 1_000_000, "not_found"),
    ],
    ids=lambda value: "huge" if isinstance(value, int) and abs(value) > 10**40 else ascii(value)[:24],
)
def test_anything_else_is_not_an_id(value: object, code: str) -> None:
    with pytest.raises(errors.WalletError) as caught:
        parse_id(value, what="Wallet", field="wallet")
    assert (caught.value.code, caught.value.field) == (code, "wallet")
    caught.value.message.encode()  # can be sent


# -- several at once -----------------------------------------------------------------------------------


def test_refusals_are_reported_together() -> None:
    refusals = Refusals()
    refusals.raise_if_any()
    with refusals.collect():
        parse_name("", field="label")
    with pytest.raises(errors.Blank):
        refusals.raise_if_any()
    with refusals.collect():
        raise errors.Several([errors.Invalid("x", field="a"), errors.Invalid("y", field="b")])
    with pytest.raises(errors.Several) as caught:
        refusals.raise_if_any()
    assert [each.field for each in caught.value.each()] == ["label", "a", "b"]
    assert str(caught.value) == "label must not be empty.; x; y"


def test_other_exceptions_are_not_collected() -> None:
    with pytest.raises(ZeroDivisionError), Refusals().collect():
        raise ZeroDivisionError


# -- inputs that are no part of the resource -------------------------------------------------------------


def test_what_is_given_beside_the_fields_has_no_default() -> None:
    assert parse_given(TRANSACTION_REVERSAL, {"txid": "R"}) == {"txid": "R", "description": "", "metadata": {}}
    # None is as if it was not given.
    found = parse_given(TRANSACTION_REVERSAL, {"txid": "R", "amount": "2.50", "conditions": None})
    assert (found["amount"], "conditions" in found) == (Decimal("2.50"), False)


@pytest.mark.parametrize("amount", ["0", "-0.01"])
def test_all_refusals_of_fields_and_inputs_are_raised_at_once(amount: str) -> None:
    with pytest.raises(errors.Several) as caught:
        parse_given(TRANSACTION_REVERSAL, {"txid": "", "amount": amount, "conditions": {"sequence": -1}})
    found = [(each.code, each.field) for each in caught.value.each()]
    assert found == [("blank", "txid"), ("invalid_amount", "amount"), ("invalid", "conditions.sequence")]


def test_a_reference_is_no_input_that_parses_itself() -> None:
    with pytest.raises(TypeError):
        parse_given(TRANSFER, {"txid": "T", "source": 1})


def test_what_a_command_has_no_name_for_is_a_detail() -> None:
    parsed = parse_given(HOLD, {"txid": "H", "wallet": 1, "amount": "1", "metadata": {"a": 1}})
    assert arguments_of(CreateHold, HOLD, parsed) == {
        "txid": "H",
        "wallet": 1,
        "amount": Decimal(1),
        "destination": None,
        "expires_at": None,
        "details": {"description": "", "metadata": {"a": 1}},
    }
