"""Posting transactions: the rows written, and the refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, balance, funds, refused
from tests.writes import amend_transaction, open_wallet, post_transaction
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
EVENING = datetime(2026, 1, 31, 20, 0, 0, 654321, tzinfo=UTC)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="First", balance="100.00", clock=lambda: MORNING)


@pytest.fixture
def other() -> Wallet:
    return open_wallet(principal=ANYONE, label="Second", balance="10.00", clock=lambda: MORNING)


def post(wallet: Wallet, amount: object, txid: str = "T1") -> Transaction:
    return post_transaction(principal=ANYONE, txid=txid, wallet_id=wallet.id, amount=amount, clock=lambda: MORNING)


def amend(transaction: Transaction, **changes: object) -> Transaction:
    return amend_transaction(principal=ANYONE, transaction_id=transaction.id, clock=lambda: EVENING, **changes)


def stored(transaction: Transaction) -> dict[str, Any]:
    return Transaction.objects.values().get(id=transaction.id)


def test_a_post_writes_wallet_transaction_and_entry(wallet: Wallet) -> None:
    teller = Principal(subject="teller", scopes=frozenset({"admin"}))
    details = {"description": "Rent\n\tfor May", "metadata": {"invoice": 7}}
    request = json.dumps(["transaction.post", "T1", wallet.id, "50", "details", details], separators=(",", ":"))
    transaction = post_transaction(
        principal=teller,
        txid="T1",
        wallet_id=str(wallet.id),
        amount="50.00",
        description="Rent\n\tfor May",
        metadata={"invoice": 7},
        clock=lambda: EVENING,
    )
    assert stored(transaction) == {
        "id": transaction.id,
        "txid": "T1",
        "wallet_id": wallet.id,
        "amount": Decimal(50),
        "currency": "USD",
        "owner": "",
        "description": "Rent\n\tfor May",
        "metadata": {"invoice": 7},
        "created_at": EVENING,
        "updated_at": EVENING,
        "transfer_id": None,
        "hold_id": None,
        "reversal_of_id": None,
        "reversed": Decimal(0),
        "fingerprint": sha256(request.encode()).digest()[:16],
    }
    entry = Entry.objects.values().get(kind="post")
    assert entry == {
        "id": entry["id"],
        "wallet_id": wallet.id,
        "sequence": 2,
        "amount": Decimal(50),
        "balance_after": Decimal(150),
        "currency": "USD",
        "kind": "post",
        "transaction_id": transaction.id,
        "txid": "T1",
        "principal": "teller",
        "owner": "",
        "created_at": EVENING,
        "shown_principal": "operator",
        "held": Decimal(0),
        "held_after": Decimal(0),
        "hold_id": None,
        "detail": {},
    }
    after = Wallet.objects.get(id=wallet.id)
    assert (after.balance, after.sequence, after.updated_at) == (Decimal(150), 2, EVENING)
    returned = {field: getattr(transaction, field) for field in stored(transaction)}
    assert returned == stored(transaction)
    assert_reconciled()


@pytest.mark.parametrize(
    ("amount", "after"),
    [("-100.00", "0.00"), ("-0.01", "99.99"), (7, "107.00"), (Decimal("0.5"), "100.50"), ("1.5000", "101.50")],
)
def test_a_debit_may_take_the_whole_balance(wallet: Wallet, amount: object, after: str) -> None:
    post(wallet, amount)
    assert balance(wallet.id) == after
    assert_reconciled()


def test_a_debit_of_one_cent_too_much_is_refused(wallet: Wallet) -> None:
    with refused(("insufficient_funds", "amount")) as caught:
        post(wallet, "-100.01")
    assert caught.value.context == funds("100.00", "-100.01", wallet.id)


def test_a_txid_is_unique_across_wallets_and_names_its_holder(wallet: Wallet, other: Wallet) -> None:
    holder = post(wallet, "1")
    with refused(("duplicate_txid", "txid")) as caught:
        post(other, "2")
    assert caught.value.context == {"transaction": holder.id, "is_same": False}
    second = post(other, "2", txid="T2")
    with refused(("duplicate_txid", "txid")) as caught:
        amend(second, txid="T1", amount="3")
    assert caught.value.context == {"transaction": holder.id}


@pytest.mark.parametrize("txid", ["t1", "T\u0301", "T1\u0301", "Ť1", "T1💸", "T\u00a01"])
def test_txids_that_differ_in_any_byte_are_different(wallet: Wallet, txid: str) -> None:
    post(wallet, "1")
    assert stored(post(wallet, "1", txid=txid))["txid"] == txid


def test_a_request_that_is_repeated_learns_that_it_was_done(wallet: Wallet) -> None:
    """And not that there is no money left to do it again: who lost the first answer would take it for a failure."""
    transaction = post(wallet, "-60.00")
    with refused(("duplicate_txid", "txid")) as caught:
        post(wallet, "-60.00")
    assert caught.value.context == {"transaction": transaction.id, "is_same": True}


def test_what_a_request_created_is_still_its_own_after_an_amendment(wallet: Wallet) -> None:
    transaction = post(wallet, "5.00")
    amend(transaction, amount="6.00")
    for amount, is_same in (("5", True), ("6.00", False)):
        with refused(("duplicate_txid", "txid")) as caught:
            post(wallet, amount)
        assert caught.value.context == {"transaction": transaction.id, "is_same": is_same}


def test_a_transaction_of_an_older_server_is_of_no_known_request(wallet: Wallet) -> None:
    transaction = post(wallet, "5.00")
    Transaction.objects.update(fingerprint=None)
    with refused(("duplicate_txid", "txid")) as caught:
        post(wallet, "5.00")
    assert caught.value.context == {"transaction": transaction.id, "is_same": False}


def test_an_overdraft_is_not_reported_as_a_duplicate_txid(wallet: Wallet) -> None:
    transaction = post(wallet, "-60.00")
    with refused(("insufficient_funds", "amount")):
        amend(transaction, txid="T1", amount="-100.01")


def test_all_problems_of_a_new_transaction_are_reported_at_once() -> None:
    with refused(("required", "txid"), ("required", "amount"), ("required", "wallet")):
        post_transaction(principal=ANYONE)
    with refused(
        ("invalid", "txid"),
        ("invalid_amount", "amount"),
        ("not_found", "wallet"),
        ("too_long", "description"),
        ("invalid", "metadata"),
    ):
        post_transaction(principal=ANYONE, txid=" x", amount=0, wallet_id="x", description="x" * 1001, metadata="x")


def test_a_transaction_needs_an_existing_wallet(wallet: Wallet) -> None:
    with refused(("not_found", "wallet")):
        post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id + 1, amount="1")


def test_a_known_txid_is_said_only_in_place_of_a_refusal_due_to_the_balance(wallet: Wallet) -> None:
    post(wallet, "-60.00")
    # Who lost the answer to the first and repeats it learns that it was stored, not that the rest does not suffice.
    with refused(("duplicate_txid", "txid")):
        post(wallet, "-60.00")
    # What no server can have stored under that name is refused for itself.
    with refused(("scale_exceeded", "amount")):
        post(wallet, "-0.001")
