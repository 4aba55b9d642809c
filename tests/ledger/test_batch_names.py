"""Txids and labels within a batch: taken, released and taken again, in the order of its commands."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, snapshot
from tests.writes import open_wallet, post_transaction, post_transfer
from walletsvc.commands.captures import CaptureHold
from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute_all
from walletsvc.commands.holds import CreateHold
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.outcomes import Done, Refused
from walletsvc.commands.reversals import ReverseTransfer
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.transfers import PostTransfer
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, SYSTEM, Principal

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="W", balance="10")


@pytest.fixture
def first(wallet: Wallet) -> Transaction:
    return post_transaction(principal=ANYONE, txid="first", wallet_id=wallet.id, amount="1")


def run(*commands: Command[Any]) -> None:
    outcome = execute_all(commands, by=ANYONE)
    assert isinstance(outcome, Done), outcome


def refusal(*commands: Command[Any]) -> tuple[int, str, str | None]:
    """Return the place, code and field of a refusal. Nothing has changed then."""
    before = snapshot()
    outcome = execute_all(commands, by=ANYONE)
    assert isinstance(outcome, Refused), outcome
    assert snapshot() == before
    return outcome.index, outcome.error.code, outcome.error.field


def post(wallet: Wallet | LocalId, txid: str, amount: str = "1", local_id: LocalId | None = None) -> PostTransaction:
    reference = wallet.id if isinstance(wallet, Wallet) else wallet
    return PostTransaction.parse({"txid": txid, "wallet": reference, "amount": amount}, local_id=local_id)


def change(transaction: Transaction | LocalId, **values: object) -> AmendTransaction:
    return AmendTransaction.parse(transaction.id if isinstance(transaction, Transaction) else transaction, values)


def opening(label: str, local_id: LocalId | None = None) -> OpenWallet:
    return OpenWallet.parse({"label": label}, local_id=local_id)


def rename(wallet: Wallet, label: str) -> ChangeWallet:
    return ChangeWallet.parse(wallet.id, {"label": label})


def txids() -> list[str]:
    return list(Transaction.objects.order_by("txid").values_list("txid", flat=True))


def test_a_transaction_cannot_take_the_name_of_one_that_was_just_posted(wallet: Wallet, first: Transaction) -> None:
    assert refusal(post(wallet, "new"), change(first, txid="new")) == (1, "duplicate_txid", "txid")


def test_nothing_is_posted_under_a_name_that_was_just_given(wallet: Wallet, first: Transaction) -> None:
    assert refusal(change(first, txid="new"), post(wallet, "new")) == (1, "duplicate_txid", "txid")


def test_a_name_that_was_just_given_up_is_free(wallet: Wallet, first: Transaction) -> None:
    run(change(first, txid="second"), post(wallet, "first"))
    assert txids() == ["first", "second"]
    posted = LocalId()
    run(
        post(wallet, "third", local_id=posted),
        change(posted, txid="fourth"),
        post(wallet, "third"),
    )
    assert txids() == ["first", "fourth", "second", "third"]
    assert_reconciled()


def test_a_name_stays_taken_when_an_empty_wallet_is_deleted(wallet: Wallet) -> None:
    other = open_wallet(principal=ANYONE, label="Other")
    assert refusal(post(wallet, "new"), DeleteWallet.parse(other.id), post(wallet, "new")) == (
        2,
        "duplicate_txid",
        "txid",
    )
    assert refusal(opening(label="new"), DeleteWallet.parse(other.id), opening(label="new")) == (
        2,
        "duplicate_label",
        "label",
    )


def test_the_names_of_a_deleted_wallet_are_free(wallet: Wallet) -> None:
    other = LocalId()
    run(
        opening(label="new", local_id=other),
        post(other, "in"),
        post(other, "out", "-1"),
        DeleteWallet.parse(other),
        opening(label="new"),
        post(wallet, "in"),
        post(wallet, "out"),
    )
    assert txids() == ["in", "out"]
    assert set(Wallet.objects.values_list("label", flat=True)) == {"W", "new"}
    assert_reconciled()


def test_labels_are_taken_and_given_up_in_turn(wallet: Wallet) -> None:
    assert refusal(rename(wallet, "new"), opening(label="new")) == (1, "duplicate_label", "label")
    assert refusal(opening(label="new"), rename(wallet, "new")) == (1, "duplicate_label", "label")
    run(rename(wallet, "new"), opening(label="W"))
    assert set(Wallet.objects.values_list("label", flat=True)) == {"W", "new"}


def test_a_deleted_transactions_name_is_free(wallet: Wallet, first: Transaction) -> None:
    run(DeleteTransaction.parse(first.id), post(wallet, "first"))
    assert txids() == ["first"]
    assert Transaction.objects.get().id != first.id
    assert_reconciled()


def test_a_change_that_keeps_the_name_does_not_clash_with_itself(wallet: Wallet, first: Transaction) -> None:
    taken = post_transaction(principal=ANYONE, txid="taken", wallet_id=wallet.id, amount="1")
    outcome = execute_all([change(first, txid="first", amount="2"), post(wallet, "taken")], by=ANYONE)
    assert isinstance(outcome, Refused)
    assert (outcome.index, outcome.error.code) == (1, "duplicate_txid")
    assert outcome.error.context == {"transaction": taken.id, "is_same": True}
    run(post(wallet, "new"), change(first, txid="first"), change(taken, txid="b"))
    run(change(first, txid="a"), change(first, txid="a"))
    assert txids() == ["a", "b", "new"]


def test_within_a_batch_too_names_are_unique_within_an_owner(wallet: Wallet) -> None:
    hers, his = (
        open_wallet(principal=Principal(name, frozenset({"admin"}), owner=name), label="W")
        for name in ("alice", "bob")
    )
    run(post(wallet, "new"), post(hers, "new"), post(his, "new"), rename(hers, "V"), rename(his, "V"))
    assert txids() == ["new"] * 3
    assert refusal(post(his, "b"), post(hers, "b"), post(his, "b")) == (2, "duplicate_txid", "txid")
    first, last = LocalId(), LocalId()
    # A refusal by the database names the owner of each, even if the batch itself created the conflict.
    assert refusal(post(his, "c", local_id=first), post(hers, "c", local_id=last), change(last, txid="new")) == (
        2,
        "duplicate_txid",
        "txid",
    )
    mine = open_wallet(principal=ANYONE, label="X")
    assert refusal(rename(mine, "V"), opening("V")) == (1, "duplicate_label", "label")
    run(rename(mine, "V"))
    assert_reconciled()


# -- names that a batch would derive from an object of its own -------------------------------------------


@pytest.fixture(params=["one owner", "two owners"])
def pair(request: pytest.FixtureRequest) -> tuple[Wallet, Wallet]:
    """Return two wallets with money, of one owner or of two."""
    owners = ("alice", "alice" if request.param == "one owner" else "bob")
    one, two = (
        open_wallet(principal=SYSTEM, owner=owner, label=f"P{place}", balance="10")
        for place, owner in enumerate(owners)
    )
    return one, two


def duplicate(*commands: Command[Any]) -> tuple[int, dict[str, object]]:
    """Return the place of a refused name, and the context."""
    before = snapshot()
    outcome = execute_all(commands, by=ANYONE)
    assert isinstance(outcome, Refused), outcome
    assert (outcome.error.code, outcome.error.field) == ("duplicate_txid", "txid")
    assert snapshot() == before
    return outcome.index, dict(outcome.error.context)


def moving(pair: tuple[Wallet, Wallet], local_id: LocalId) -> PostTransfer:
    values = {"txid": "T", "source": pair[0].id, "destination": pair[1].id, "amount": "5"}
    return PostTransfer.parse(values, local_id=local_id)


def holding(pair: tuple[Wallet, Wallet], local_id: LocalId) -> CreateHold:
    values = {"txid": "H", "wallet": pair[0].id, "destination": pair[1].id, "amount": "5"}
    return CreateHold.parse(values, local_id=local_id)


@pytest.mark.parametrize("leg", [1, 2])
def test_a_reversal_of_a_new_transfer_finds_a_leg_s_name_taken(pair: tuple[Wallet, Wallet], leg: int) -> None:
    taken = post_transaction(principal=ANYONE, txid=f"R.{leg}", wallet_id=pair[leg - 1].id, amount="1")
    moved = LocalId()
    found = duplicate(moving(pair, moved), ReverseTransfer.parse(moved, {"txid": "R"}))
    assert found == (1, {"txid": f"R.{leg}", "transaction": taken.id})
    if pair[0].owner != pair[1].owner:
        # What is taken is the name of the other leg's owner.
        with_other = LocalId()
        name = f"Q.{leg}"
        post_transaction(principal=ANYONE, txid=name, wallet_id=pair[2 - leg].id, amount="1")
        run(moving(pair, with_other), ReverseTransfer.parse(with_other, {"txid": "Q"}))
    assert_reconciled()


def test_a_reversal_of_a_new_transfer_finds_its_own_name_taken(pair: tuple[Wallet, Wallet]) -> None:
    values = {"txid": "R", "source_id": pair[0].id, "destination_id": pair[1].id, "amount": "1"}
    taken = post_transfer(principal=ANYONE, **values)
    moved = LocalId()
    index, context = duplicate(moving(pair, moved), ReverseTransfer.parse(moved, {"txid": "R"}))
    assert (index, context["transfer"]) == (1, taken.id)


def test_a_capture_of_a_new_hold_finds_its_names_taken(pair: tuple[Wallet, Wallet]) -> None:
    first = post_transaction(principal=ANYONE, txid="C", wallet_id=pair[0].id, amount="1")
    second = post_transaction(principal=ANYONE, txid="D.2", wallet_id=pair[1].id, amount="1")
    values = {"source_id": pair[0].id, "destination_id": pair[1].id, "amount": "1"}
    third = post_transfer(principal=ANYONE, txid="E", **values)
    for txid, name, taken in (
        ("C", "transaction", first.id),
        ("D", "transaction", second.id),
        ("E", "transfer", third.id),
    ):
        held = LocalId()
        index, context = duplicate(holding(pair, held), CaptureHold.parse(held, {"txid": txid}))
        assert (index, context[name]) == (1, taken)
    held = LocalId()
    run(holding(pair, held), CaptureHold.parse(held, {"txid": "F"}))
    assert_reconciled()
