"""Wallets are opened, renamed and closed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, balance, lines, refused
from tests.writes import close_wallet, delete_transaction, open_wallet, post_transaction, rename_wallet
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
EVENING = datetime(2026, 1, 31, 20, 0, 0, 654321, tzinfo=UTC)


def stored(wallet_id: int) -> dict[str, Any]:
    return Wallet.objects.values().get(id=wallet_id)


def test_a_wallet_needs_a_label_only() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", clock=lambda: MORNING)
    assert stored(wallet.id) == {
        "id": wallet.id,
        "label": "Savings",
        "currency": "USD",
        "balance": Decimal(0),
        "sequence": 0,
        "transaction_count": 0,
        "owner": "",
        "metadata": {},
        "created_at": MORNING,
        "updated_at": MORNING,
        "held": Decimal(0),
        "floor": Decimal(0),
        "available": Decimal(0),
        "state": "active",
        "next_expiry": None,
    }
    assert lines(wallet.id) == []


def test_the_default_currency_comes_from_the_settings(settings: Any) -> None:
    settings.DEFAULT_CURRENCY = "EUR"
    assert open_wallet(principal=ANYONE, label="Savings").currency == "EUR"


def test_an_opening_balance_is_an_entry_and_no_transaction() -> None:
    teller = Principal(subject="teller", scopes=frozenset({"admin"}))
    wallet = open_wallet(principal=teller, label="Savings", balance="100.00", currency="EUR", clock=lambda: MORNING)
    assert (wallet.balance, wallet.sequence) == (Decimal("100.00"), 1)
    entry = Entry.objects.values().get()
    assert entry == {
        "id": entry["id"],
        "wallet_id": wallet.id,
        "sequence": 1,
        "amount": Decimal(100),
        "balance_after": Decimal(100),
        "currency": "EUR",
        "kind": "opening",
        "transaction_id": None,
        "txid": "",
        "principal": "teller",
        "owner": "",
        "created_at": MORNING,
        "shown_principal": "operator",
        "held": Decimal(0),
        "held_after": Decimal(0),
        "hold_id": None,
        "detail": {},
    }
    assert Transaction.objects.count() == 0
    assert (stored(wallet.id)["balance"], stored(wallet.id)["available"]) == (Decimal(100), Decimal(100))
    assert_reconciled()


@pytest.mark.parametrize("zero", ["0", "0.00", "-0", "-0.000", 0, Decimal("-0.0")])
def test_an_opening_balance_of_zero_makes_no_entry(zero: object) -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", balance=zero)
    assert (balance(wallet.id), lines(wallet.id)) == ("0.00", [])
    assert not wallet.balance.is_signed()


def test_a_wallet_does_not_open_below_zero() -> None:
    with refused(("insufficient_funds", "balance")) as caught:
        open_wallet(principal=ANYONE, label="Savings", balance="-0.01")
    context = caught.value.context
    assert (context["balance"], context["amount"], context["currency"]) == ("0.00", "-0.01", "USD")


def test_all_problems_of_a_new_wallet_are_reported_at_once() -> None:
    with refused(
        ("blank", "label"), ("invalid_amount", "balance"), ("unknown_currency", "currency"), ("invalid", "metadata")
    ):
        open_wallet(principal=ANYONE, label="", currency="usd", balance="1e5", metadata=[])


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({}, ("required", "label")),
        ({"label": None}, ("required", "label")),
        ({"label": 1}, ("invalid", "label")),
        ({"label": "a" * 256}, ("too_long", "label")),
        ({"label": "a", "currency": None}, ("invalid", "currency")),
        ({"label": "a", "currency": "XXX"}, ("unknown_currency", "currency")),
        ({"label": "a", "balance": None}, ("required", "balance")),
        ({"label": "a", "balance": "1.001"}, ("scale_exceeded", "balance")),
        ({"label": "a", "balance": "1", "currency": "BTC", "metadata": None}, ("invalid", "metadata")),
    ],
)
def test_a_wallet_with_a_wrong_field_is_refused(fields: dict[str, object], refusal: tuple[str, str]) -> None:
    with refused(refusal):
        open_wallet(principal=ANYONE, **fields)


def test_a_taken_label_names_its_holder() -> None:
    holder = open_wallet(principal=ANYONE, label="Savings")
    other = open_wallet(principal=ANYONE, label="Other")
    with refused(("duplicate_label", "label")) as caught:
        open_wallet(principal=ANYONE, label="Savings", balance="5")
    assert caught.value.context == {"wallet": holder.id}
    with refused(("duplicate_label", "label")) as caught:
        rename_wallet(principal=ANYONE, wallet_id=other.id, label="Savings")
    assert caught.value.context == {"wallet": holder.id}


@pytest.mark.parametrize("other", ["savings", "SAVINGS", "Sävings", "Savi\u0308ngs", "Savings\u200b", "💰"])
def test_labels_that_differ_in_any_byte_are_different(other: str) -> None:
    open_wallet(principal=ANYONE, label="Savings")
    wallet = open_wallet(principal=ANYONE, label=other)
    assert stored(wallet.id)["label"] == other


def test_label_and_metadata_can_be_changed() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", balance="5", metadata={"a": 1}, clock=lambda: MORNING)
    before = stored(wallet.id)
    changed = rename_wallet(
        principal=ANYONE, wallet_id=str(wallet.id), label="Rent", metadata={"b": [1.5, None]}, clock=lambda: EVENING
    )
    assert (changed.label, changed.metadata) == ("Rent", {"b": [1.5, None]})
    assert stored(wallet.id) == before | {"label": "Rent", "metadata": {"b": [1.5, None]}, "updated_at": EVENING}
    assert lines(wallet.id) == [(1, "opening", "5.00", "5.00", "")]


def test_a_change_to_the_same_values_changes_nothing() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", metadata={"a": 1}, clock=lambda: MORNING)
    before = stored(wallet.id)
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, label="Savings", metadata={"a": 1}, clock=lambda: EVENING)
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, clock=lambda: EVENING)
    assert stored(wallet.id) == before


def test_balance_and_currency_are_fixed() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", balance="5.00")
    with refused(("immutable", "balance"), ("immutable", "currency")):
        rename_wallet(principal=ANYONE, wallet_id=wallet.id, label="Rent", balance="5.00", currency="USD")
    with refused(("immutable", "balance")):
        rename_wallet(principal=ANYONE, wallet_id=wallet.id, balance=None)


def test_an_empty_wallet_is_deleted_and_its_entries_stay() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", balance="5.00")
    post_transaction(principal=ANYONE, txid="out", wallet_id=wallet.id, amount="-5.00")
    ledger = list(Entry.objects.values())
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    assert (Wallet.objects.count(), Transaction.objects.count()) == (0, 0)
    assert list(Entry.objects.values()) == ledger
    assert_reconciled()
    with refused(("not_found", None)):
        close_wallet(principal=ANYONE, wallet_id=wallet.id)


def test_the_label_of_a_deleted_wallet_is_free_and_its_id_is_not_used_again() -> None:
    first = open_wallet(principal=ANYONE, label="Savings")
    close_wallet(principal=ANYONE, wallet_id=first.id)
    assert open_wallet(principal=ANYONE, label="Savings").id > first.id


def test_the_txids_of_a_deleted_wallet_are_free() -> None:
    first = open_wallet(principal=ANYONE, label="First", balance="5.00")
    spent = post_transaction(principal=ANYONE, txid="T1", wallet_id=first.id, amount="-5.00")
    close_wallet(principal=ANYONE, wallet_id=first.id)
    second = open_wallet(principal=ANYONE, label="Second")
    assert post_transaction(principal=ANYONE, txid="T1", wallet_id=second.id, amount="1").id > spent.id
    assert_reconciled()


def test_a_wallet_that_holds_money_is_not_deleted() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings", balance="0.01")
    with refused(("wallet_not_empty", None)) as caught:
        close_wallet(principal=ANYONE, wallet_id=wallet.id)
    assert caught.value.context == {
        "balance": "0.01",
        "held": "0.00",
        "currency": "USD",
        "wallet": wallet.id,
    }


def test_a_wallet_emptied_by_a_deletion_can_be_deleted() -> None:
    wallet = open_wallet(principal=ANYONE, label="Savings")
    credit = post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="3")
    delete_transaction(principal=ANYONE, transaction_id=credit.id)
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    assert lines(wallet.id) == [(1, "post", "3.00", "3.00", "T1"), (2, "delete", "-3.00", "0.00", "T1")]
    assert_reconciled()


@pytest.mark.parametrize(
    "identifier", [0, -1, 10**30, "10000000000000000000", "01", "x", "", "\uff11", "1 ", "\ud800", 2**63]
)
def test_a_missing_wallet_is_not_found(identifier: object) -> None:
    open_wallet(principal=ANYONE, label="Savings")
    with refused(("not_found", None)):
        rename_wallet(principal=ANYONE, wallet_id=identifier, label="Rent")
    with refused(("not_found", None)):
        close_wallet(principal=ANYONE, wallet_id=identifier)


@pytest.mark.parametrize(
    ("identifier", "code"), [(None, "required"), (True, "invalid"), (1.0, "invalid"), ([], "invalid")]
)
def test_an_id_is_a_text_or_an_integer(identifier: object, code: str) -> None:
    with refused((code, None)):
        close_wallet(principal=ANYONE, wallet_id=identifier)
