"""Cursors lead back to their place, and nothing else passes for one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cursors import encode_cursor, forge
from walletsvc import errors
from walletsvc.queries.cursors import decode_cursor, encode_cursors
from walletsvc.queries.questions import parse_order
from walletsvc.schema.resources import ENTRY, TRANSACTION, WALLET

pytestmark = pytest.mark.without_engine

BY_LABEL = parse_order(WALLET, ("-createdAt", "label", "balance"))
BY_TIME = parse_order(WALLET, ("createdAt",))
BY_BALANCE = parse_order(WALLET, ("balance",))
BY_ID = parse_order(WALLET, ())
MOMENT = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=255),
    st.integers(0, 10**38 - 1).map(lambda units: Decimal(f"{units // 10**18}.{units % 10**18:018d}")),
    st.integers(1, 2**63 - 1),
)
def test_a_cursor_leads_back_to_its_place(moment: datetime, label: str, balance: Decimal, identifier: int) -> None:
    values = [moment, label, balance, identifier]
    kinds = [WALLET.kind_of(column) for column, _ in BY_LABEL.columns]
    first, second = encode_cursors(
        BY_LABEL, [(kind, [kind.encode(value)] * 2) for kind, value in zip(kinds, values, strict=True)]
    )
    assert first == second
    cursor = first.decode()
    assert cursor == encode_cursor(BY_LABEL, values)
    assert cursor.isascii()
    assert not set(cursor) & set("=+/")
    assert decode_cursor(cursor, BY_LABEL, WALLET, parameter="after") == values


def test_a_cursor_of_entries_holds_their_sequence() -> None:
    order = parse_order(ENTRY, ("-sequence",))
    assert decode_cursor(encode_cursor(order, [7, 3]), order, ENTRY, parameter="after") == [7, 3]


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    prague = MOMENT.astimezone(timezone(timedelta(hours=1)))
    assert decode_cursor(forge("created_at,id", prague.isoformat(), 1), BY_TIME, WALLET, parameter="after") == [
        MOMENT,
        1,
    ]


def test_a_cursor_belongs_to_the_order_it_was_made_in() -> None:
    cursor = encode_cursor(BY_LABEL, [MOMENT, "a", Decimal(5), 1])
    others = [BY_LABEL.reversed(), BY_ID, BY_TIME, parse_order(TRANSACTION, ("-createdAt",))]
    for other in others:
        with pytest.raises(errors.InvalidParameter, match="another order") as caught:
            decode_cursor(cursor, other, WALLET, parameter="before")
        assert caught.value.parameter == "before"


def test_no_part_of_a_cursor_is_a_cursor() -> None:
    cursor = encode_cursor(BY_LABEL, [MOMENT, "label", Decimal("5.00"), 1])
    for length in range(len(cursor)):
        with pytest.raises(errors.InvalidParameter):
            decode_cursor(cursor[:length], BY_LABEL, WALLET, parameter="after")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "=",
        "====",
        "\u00e9",
        "\ud800",
        "a\0b",
        "a b",
        "A" * 5000,
        forge(),
        forge("id"),
        forge("id", 1, 2),
        forge(None, 1),
        forge("id", None),
        forge(*["id", True]),
        forge("id", 1.0),
        forge("id", "1"),
        forge("id", 2**63),
        forge("id", [1]),
        base64.urlsafe_b64encode(b"[1").decode(),
        base64.urlsafe_b64encode(b"1").decode(),
        base64.urlsafe_b64encode(b"null").decode(),
        base64.urlsafe_b64encode(b'{"id": 1}').decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 1200).decode(),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(errors.InvalidParameter) as caught:
        decode_cursor(cursor, BY_ID, WALLET, parameter="after")
    assert caught.value.parameter == "after"


def test_a_cursor_may_be_long_but_not_any_length() -> None:
    order = parse_order(WALLET, ("label",))
    longest = forge("label,id", "x" * 1519, 1)
    assert len(longest) == 2048
    assert decode_cursor(longest, order, WALLET, parameter="after") == ["x" * 1519, 1]
    with pytest.raises(errors.InvalidParameter):
        decode_cursor(forge("label,id", "x" * 1520, 1), order, WALLET, parameter="after")


@pytest.mark.parametrize("noise", ["    ", "\n\n\n\n", "!!!!", "===="])
def test_nothing_in_a_cursor_is_passed_over(noise: str) -> None:
    cursor = encode_cursor(BY_ID, [1])
    with pytest.raises(errors.InvalidParameter):
        decode_cursor(f"{cursor[:4]}{noise}{cursor[4:]}", BY_ID, WALLET, parameter="after")


@pytest.mark.parametrize(
    "value",
    [
        None,
        5,
        "",
        "x",
        "2026-01-31T12:00:00.0000001Z",
        "2026-01-31T12:00:00Z\0junk",
        "2026-01-31\U0001f60012:00:00Z",
        "2026-W05-6T12:00:00Z",
        "2026-13-01T00:00:00+00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ],
    ids=str,
)
def test_a_forged_moment_is_refused(value: object) -> None:
    with pytest.raises(errors.InvalidParameter):
        decode_cursor(forge("created_at,id", value, 1), BY_TIME, WALLET, parameter="after")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(errors.InvalidParameter):
        decode_cursor(forge("created_at,id", "2026-01-31T12:00:00", 1), BY_TIME, WALLET, parameter="after")


@pytest.mark.parametrize(
    "value", [None, 5, 5.0, "", "x", "1e5", "NaN", "1" * 21, "0.0000000000000000001", ["1"]], ids=str
)
def test_a_forged_amount_is_refused(value: object) -> None:
    with pytest.raises(errors.InvalidParameter):
        decode_cursor(forge("balance,id", value, 1), BY_BALANCE, WALLET, parameter="after")


def test_a_forged_text_is_refused() -> None:
    order = parse_order(WALLET, ("label",))
    for value in (None, 5, ["a"]):
        with pytest.raises(errors.InvalidParameter):
            decode_cursor(forge("label,id", value, 1), order, WALLET, parameter="after")
