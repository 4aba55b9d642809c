"""The one reader of JSON: exact numbers, no doubled members, UTF-8 only, and a bound of depth."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walletsvc.money import ScientificDecimal
from walletsvc.web.json_body import MAX_DEPTH, MalformedJson, parse_json

pytestmark = pytest.mark.without_engine

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_the_output_of_an_encoder_is_read_back_unchanged(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_numbers_keep_their_digits() -> None:
    for text in ("0.1", "0.10", "-0.30000000000000000000000001", "1" * 64 + ".5", "9" * 5_000 + ".1"):
        parsed = parse_json(text.encode())
        assert (parsed, str(parsed)) == (Decimal(text), text)
    assert parse_json(b"9" * 64) == 10**64 - 1
    parsed = parse_json(b"9" * 5_000)
    assert isinstance(parsed, Decimal)
    assert str(parsed) == "9" * 5_000
    assert type(parse_json(b"1e2")) is ScientificDecimal
    assert type(parse_json(b"1E2")) is ScientificDecimal


@pytest.mark.parametrize("text", ["1e99999999999999999999", "-1E99999999999999999999", "1e-99999999999999999999"])
def test_a_number_that_no_decimal_holds_is_not_a_number(text: str) -> None:
    parsed = parse_json(text.encode())
    assert isinstance(parsed, ScientificDecimal)
    assert parsed.is_nan()


WRAPS = {
    "alone": "%s",
    "in an object": '{"a": %s}',
    "behind brackets in a string": '["]]]]]", %s]',
    "under a name that is a bracket": '{"[": [%s, 1]}',
    "among others": '[[], [[]], %s, {"a": {}}]',
    "among many": "[%s, " + "[]," * 1000 + "1]",
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS.keys())
def test_nesting_has_a_bound(wrap: str) -> None:
    around = 0 if wrap == "%s" else 2 if wrap == '{"[": [%s, 1]}' else 1
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        # The innermost object needs a value.
        inner = "" if opening == "[" else "1"
        for depth, is_read in ((MAX_DEPTH - around, True), (MAX_DEPTH - around + 1, False)):
            body = (wrap % (opening * depth + inner + closing * depth)).encode()
            if is_read:
                assert parse_json(body) == json.loads(body)
            else:
                with pytest.raises(MalformedJson, match="nested too deeply"):
                    parse_json(body)


BRACKETS = st.text(alphabet='[]{}"\\\\a')
NESTED = st.recursive(
    BRACKETS | st.integers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(BRACKETS, inner, max_size=4),
    max_leaves=30,
)


def depth_of(value: Any) -> int:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if items is None else 1 + max(map(depth_of, items), default=0)


@given(NESTED, st.integers(min_value=0, max_value=5))
def test_only_the_depth_decides_whatever_the_strings_are(value: Any, most: int) -> None:
    body = json.dumps(value).encode()
    with mock.patch("walletsvc.web.json_body.MAX_DEPTH", most):
        if depth_of(value) <= most:
            assert parse_json(body) == value
        else:
            with pytest.raises(MalformedJson, match=f"at most {most} levels"):
                parse_json(body)


def test_brackets_in_strings_do_not_hide_nesting() -> None:
    body = b'["]",' * (MAX_DEPTH + 1) + b"1" + b',"["]' * (MAX_DEPTH + 1)
    with pytest.raises(MalformedJson, match="nested too deeply"):
        parse_json(body)


def test_brackets_in_strings_are_not_nesting() -> None:
    value = {"a": "[" * 1000, "b": ["{" * 1000], "c": "[{" * 1000 + "}]" * 1000}
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "The body is empty: JSON is expected."),
        (b" \n\t", "The body is empty: JSON is expected."),
        (b"\xef\xbb\xbf{}", "The body begins with a byte order mark: send UTF-8 without one."),
        (b'{"a":\xff}', "The body is not valid UTF-8 at byte 5."),
        ("{}".encode("utf-16"), "The body is not valid UTF-8 at byte 0."),
        (b'"\xed\xa0\x80"', "The body is not valid UTF-8 at byte 1."),
        (b'{"a":}', "The body is not valid JSON: Expecting value at line 1, column 6."),
        (b'{"a":1,"b":1,"a":1}', "An object has the member 'a' twice."),
        (rb'{"\ud800":1,"\ud800":1}', r"An object has the member '\ud800' twice."),
        (b"[NaN]", "NaN is not JSON."),
        (b"-Infinity", "-Infinity is not JSON."),
        (b"[" * 100_000, "The body is nested too deeply: at most 100 levels are read."),
    ],
)
def test_invalid_json_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(MalformedJson) as caught:
        parse_json(body)
    assert caught.value.message == message


def test_one_doubled_member_among_many_is_found_in_little_time() -> None:
    names = [f'"{number}":0' for number in range(100_000)]
    # Looking each of them up among all the others would take minutes.
    with pytest.raises(MalformedJson, match="'99999' twice"):
        parse_json("{{{}}}".format(",".join([*names, '"99999":0'])).encode())
