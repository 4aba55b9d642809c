"""Transactions are amended, moved and deleted, each through entries."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, balance, funds, lines, refused, snapshot
from tests.writes import amend_transaction, delete_transaction, open_wallet, post_transaction
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)
EVENING = datetime(2026, 1, 31, 20, 0, 0, 654321, tzinfo=UTC)
OPENING = (1, "opening", "100.00", "100.00", "")


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


def delete(transaction: Transaction) -> None:
    delete_transaction(principal=ANYONE, transaction_id=transaction.id)


def stored(transaction: Transaction) -> dict[str, Any]:
    return Transaction.objects.values().get(id=transaction.id)


# -- amend ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("50.00", "80.00", (3, "amend", "30.00", "180.00", "T1")),
        ("50.00", "20.00", (3, "amend", "-30.00", "120.00", "T1")),
        ("50.00", "-100.00", (3, "amend", "-150.00", "0.00", "T1")),
        ("-50.00", "-100.00", (3, "amend", "-50.00", "0.00", "T1")),
        ("-50.00", "0.01", (3, "amend", "50.01", "100.01", "T1")),
    ],
)
def test_an_amended_amount_makes_an_entry_of_the_difference(
    wallet: Wallet, before: str, after: str, line: tuple[object, ...]
) -> None:
    transaction = post(wallet, before)
    amended = amend(transaction, amount=after)
    assert amended.amount == Decimal(after)
    assert lines(wallet.id)[2:] == [line]
    assert balance(wallet.id) == line[3]
    assert (stored(transaction)["amount"], stored(transaction)["updated_at"]) == (Decimal(after), EVENING)
    assert stored(transaction)["created_at"] == MORNING
    assert_reconciled()


def test_an_amendment_is_guarded(wallet: Wallet) -> None:
    transaction = post(wallet, "-50.00")
    with refused(("insufficient_funds", "amount")) as caught:
        amend(transaction, amount="-100.01")
    assert caught.value.context == funds("50.00", "-50.01", wallet.id)
    credit = post(wallet, "25.00", txid="T2")
    post(wallet, "-75.00", txid="T3")
    with refused(("insufficient_funds", "amount")):
        amend(credit, amount="24.99")


def test_a_change_of_texts_makes_no_entry(wallet: Wallet) -> None:
    transaction = post(wallet, "50.00")
    before = stored(transaction)
    amend(transaction, txid="T2", description="new", metadata={"a": 1}, amount="50")
    assert stored(transaction) == before | {
        "txid": "T2",
        "description": "new",
        "metadata": {"a": 1},
        "updated_at": EVENING,
    }
    assert lines(wallet.id) == [OPENING, (2, "post", "50.00", "150.00", "T1")]
    assert post(wallet, "1", txid="T1").txid == "T1"


def test_a_change_to_the_same_values_changes_nothing(wallet: Wallet) -> None:
    transaction = post(wallet, "50.00")
    before = snapshot()
    amend(transaction, txid="T1", amount="50.000", wallet_id=str(wallet.id), description="", metadata={})
    amend(transaction)
    assert snapshot() == before


def test_all_problems_of_a_change_are_reported_at_once(wallet: Wallet) -> None:
    transaction = post(wallet, "50.00")
    with refused(
        ("required", "txid"),
        ("invalid_amount", "amount"),
        ("invalid", "wallet"),
        ("invalid", "description"),
        ("invalid", "metadata"),
    ):
        amend(transaction, txid=None, amount="0", wallet_id=1.5, description=None, metadata=None)


def test_a_missing_transaction_is_reported_whatever_else_is_wrong(wallet: Wallet) -> None:
    for identifier in (0, 1, "x", 2**70):
        with refused(("not_found", None)):
            amend_transaction(principal=ANYONE, transaction_id=identifier, amount="nonsense")
        with refused(("not_found", None)):
            delete_transaction(principal=ANYONE, transaction_id=identifier)


# -- move ----------------------------------------------------------------------------------------------


def test_a_move_takes_the_amount_out_of_one_wallet_and_into_the_other(wallet: Wallet, other: Wallet) -> None:
    transaction = post(wallet, "50.00")
    moved = amend(transaction, wallet_id=other.id)
    assert (moved.wallet_id, moved.amount) == (other.id, Decimal(50))
    assert stored(transaction)["wallet_id"] == other.id
    assert lines(wallet.id)[1:] == [(2, "post", "50.00", "150.00", "T1"), (3, "move_out", "-50.00", "100.00", "T1")]
    assert lines(other.id)[1:] == [(2, "move_in", "50.00", "60.00", "T1")]
    assert (balance(wallet.id), balance(other.id)) == ("100.00", "60.00")
    assert_reconciled()


def test_a_move_can_amend_at_once(wallet: Wallet, other: Wallet) -> None:
    transaction = post(wallet, "-50.00")
    amend(transaction, wallet_id=other.id, amount="-10.00", txid="T2")
    # What moves is the same in both wallets.
    changes = [(3, "amend", "40.00", "90.00", "T1"), (4, "move_out", "10.00", "100.00", "T1")]
    assert lines(wallet.id)[1:] == [(2, "post", "-50.00", "50.00", "T1"), *changes]
    assert lines(other.id)[1:] == [(2, "move_in", "-10.00", "0.00", "T1")]
    assert stored(transaction)["txid"] == "T2"
    assert_reconciled()


def test_a_move_is_guarded_in_the_wallet_it_leaves(wallet: Wallet, other: Wallet) -> None:
    transaction = post(wallet, "50.00")
    post(wallet, "-150.00", txid="T2")
    with refused(("insufficient_funds", "amount")) as caught:
        amend(transaction, wallet_id=other.id)
    assert (caught.value.context["wallet"], caught.value.context["balance"]) == (wallet.id, "0.00")


def test_a_move_is_guarded_in_the_wallet_it_enters(wallet: Wallet, other: Wallet) -> None:
    transaction = post(wallet, "-10.01")
    with refused(("insufficient_funds", "amount")) as caught:
        amend(transaction, wallet_id=other.id)
    assert (caught.value.context["wallet"], caught.value.context["balance"]) == (other.id, "10.00")


def test_a_transaction_does_not_move_to_another_currency(wallet: Wallet) -> None:
    euros = open_wallet(principal=ANYONE, label="Euros", currency="EUR", balance="100")
    transaction = post(wallet, "50.00")
    with refused(("currency_mismatch", "wallet")) as caught:
        amend(transaction, wallet_id=euros.id)
    assert caught.value.context == {"currencies": ["USD", "EUR"]}


def test_a_transaction_cannot_move_to_a_missing_wallet(wallet: Wallet) -> None:
    transaction = post(wallet, "50.00")
    for identifier in (wallet.id + 1, "x"):
        with refused(("not_found", "wallet")):
            amend(transaction, wallet_id=identifier)


# -- delete --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "line"),
    [("50.00", (3, "delete", "-50.00", "100.00", "T1")), ("-50.00", (3, "delete", "50.00", "100.00", "T1"))],
)
def test_a_deleted_transaction_gives_its_amount_back(wallet: Wallet, amount: str, line: tuple[object, ...]) -> None:
    transaction = post(wallet, amount)
    delete(transaction)
    assert not Transaction.objects.exists()
    assert lines(wallet.id)[2:] == [line]
    assert set(Entry.objects.exclude(kind="opening").values_list("transaction_id", flat=True)) == {transaction.id}
    assert balance(wallet.id) == "100.00"
    assert_reconciled()
    with refused(("not_found", None)):
        delete(transaction)


def test_a_credit_that_was_spent_is_not_deleted(wallet: Wallet) -> None:
    transaction = post(wallet, "50.00")
    post(wallet, "-100.01", txid="T2")
    with refused(("insufficient_funds", "amount")) as caught:
        delete(transaction)
    assert caught.value.context == funds("49.99", "-50.00", wallet.id)


def test_deleting_an_amended_and_moved_transaction_returns_its_current_amount(wallet: Wallet, other: Wallet) -> None:
    transaction = post(wallet, "50.00")
    amend(transaction, amount="30.00")
    amend(transaction, wallet_id=other.id)
    delete(transaction)
    assert (balance(wallet.id), balance(other.id)) == ("100.00", "10.00")
    assert lines(other.id)[-1] == (3, "delete", "-30.00", "10.00", "T1")
    assert_reconciled()
