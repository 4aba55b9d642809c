"""What is read of a resource, and what a row of it shows."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import Order
from walletsvc.queries.records import Page, Record, plan_for
from walletsvc.schema.kinds import AMOUNT, INTEGER, TEXT, TIME
from walletsvc.schema.resources import RESOURCES, RESOURCES_OF_OWNER

pytestmark = pytest.mark.without_engine

ALICE = Principal("k", frozenset({"admin"}), owner="alice")
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_TEXT = b"2026-01-31 12:00:00.000000"
AMOUNT_AND_TIME = frozenset({"amount", "createdAt"})


def test_the_wanted_columns_come_after_the_id_and_currency_and_before_the_keys() -> None:
    plan = plan_for(ANYONE, "Entry", AMOUNT_AND_TIME, ("sequence", "amount", "id"))
    assert plan.resource is RESOURCES["Entry"]
    keys = ("wallet_id", "transaction_id", "hold_id")
    assert plan.columns == ("id", "currency", "amount", "created_at", *keys, "sequence")
    assert plan.kinds == (INTEGER, TEXT, AMOUNT, TIME, INTEGER, INTEGER, INTEGER, INTEGER)
    assert plan.fields == (("amount", 2, AMOUNT), ("createdAt", 3, TIME))
    assert plan.keys == {"wallet": 4, "transaction": 5, "hold": 6}
    assert plan.places == {
        "id": 0,
        "currency": 1,
        "amount": 2,
        "created_at": 3,
        "wallet_id": 4,
        "transaction_id": 5,
        "hold_id": 6,
        "sequence": 7,
    }


def test_all_fields_are_read_if_none_are_named() -> None:
    plan = plan_for(ANYONE, "Transaction", None)
    named = ("txid", "amount", "reversed", "owner", "description", "metadata", "created_at", "updated_at")
    keys = ("wallet_id", "transfer_id", "hold_id", "reversal_of_id")
    assert plan.columns == ("id", "currency", *named, *keys)
    assert plan_for(ANYONE, "Transaction", frozenset()).columns == ("id", "currency", *keys)
    names = ("txid", "amount", "currency", "reversed", "owner", "description", "metadata", "createdAt", "updatedAt")
    assert [name for name, _, _ in plan.fields] == list(names)


def test_who_is_bound_to_an_owner_has_its_own_resource() -> None:
    plan = plan_for(ALICE, "Entry", None)
    assert plan.resource is RESOURCES_OF_OWNER["Entry"]
    assert "owner" not in plan.columns
    assert ("principal" in plan.columns, "shown_principal" in plan.columns) == (False, True)
    plan = plan_for(ANYONE, "Entry", None)
    assert ("principal" in plan.columns, "shown_principal" in plan.columns) == (True, False)


OPENING = Entry(id=7, currency="JPY", amount=Decimal(5), created_at=NOON, wallet_id=3, transaction_id=None)
POST = Entry(id=8, currency="USD", amount=Decimal("-0.5"), created_at=NOON, wallet_id=4, transaction_id=9)
OPENING_ROW = [b"7", b"JPY", b"5.000000000000000000", NOON_TEXT, b"3", None, None]
POST_ROW = [b"8", b"USD", b"-0.500000000000000000", NOON_TEXT, b"4", b"9", None]


def test_an_instance_becomes_the_row_that_would_be_read() -> None:
    plan = plan_for(ANYONE, "Entry", AMOUNT_AND_TIME)
    assert plan.row_of(OPENING) == OPENING_ROW
    assert plan.row_of(POST) == POST_ROW
    assert plan.rows_of([OPENING, POST]) == [tuple(OPENING_ROW), tuple(POST_ROW)]
    assert plan.rows_of([]) == []


def test_a_record_shows_its_row() -> None:
    plan = plan_for(ANYONE, "Entry", AMOUNT_AND_TIME)
    order = Order((("created_at", True), ("id", False)))
    opening, post = Page(plan, [tuple(OPENING_ROW), tuple(POST_ROW)], order).records
    assert (opening.id, opening.resource, opening.plan, opening.row) == (7, plan.resource, plan, tuple(OPENING_ROW))
    assert opening.attributes == {"amount": "5", "createdAt": "2026-01-31T12:00:00.000000Z"}
    assert post.attributes == {"amount": "-0.50", "createdAt": "2026-01-31T12:00:00.000000Z"}
    # They are computed once.
    assert post.attributes is post.attributes
    assert (opening.keys, post.keys) == (
        {"wallet": 3, "transaction": None, "hold": None},
        {"wallet": 4, "transaction": 9, "hold": None},
    )
    assert (post.one, post.many) == ({}, {})


def test_a_record_of_a_list_has_a_cursor() -> None:
    plan = plan_for(ANYONE, "Transaction", frozenset(), ("amount",))
    order = Order((("amount", False), ("id", True)))
    made = Transaction(id=8, currency="USD", amount=Decimal("-0.5"), wallet_id=3)
    [record] = Page(plan, plan.rows_of([made]), order).records
    # The order, and the values in it, as JSON in Base64.
    assert record.cursor == "WyJhbW91bnQsLWlkIiwiLTAuNTAwMDAwMDAwMDAwMDAwMDAwIiw4XQ"
    assert Record(plan, record.row).cursor is None


def test_a_page_makes_its_records_once() -> None:
    plan = plan_for(ANYONE, "Wallet", frozenset({"label"}))
    rows = plan.rows_of([Wallet(id=number, currency="USD", label=f"W{number}") for number in (2, 1)])
    page = Page(plan, rows, Order((("id", True),)))
    assert [each.attributes for each in page.records] == [{"label": "W2"}, {"label": "W1"}]
    assert page.records is page.records
    assert (page.has_next, page.has_previous, page.count) == (False, False, None)
