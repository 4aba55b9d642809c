"""Txids and labels within a batch: taken, given up and taken again, in the order of its steps."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from tests.services.state import assert_reconciled, refused
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.services.inputs import LocalId
from walletsvc.services.performing import perform_all
from walletsvc.services.steps import Step
from walletsvc.services.transactions import (
    create_transaction,
    prepare_create_transaction,
    prepare_delete_transaction,
    prepare_update_transaction,
)
from walletsvc.services.wallets import (
    create_wallet,
    prepare_create_wallet,
    prepare_delete_wallet,
    prepare_update_wallet,
)

pytestmark = pytest.mark.django_db

open_wallet = partial(prepare_create_wallet, principal=ANYONE)
change_wallet = partial(prepare_update_wallet, principal=ANYONE)
close_wallet = prepare_delete_wallet
change = partial(prepare_update_transaction, principal=ANYONE)
delete = prepare_delete_transaction


@pytest.fixture
def wallet() -> Wallet:
    return create_wallet(principal=ANYONE, label="W", balance="10")


@pytest.fixture
def first(wallet: Wallet) -> Transaction:
    return create_transaction(principal=ANYONE, txid="first", wallet_id=wallet.id, amount="1")


def run(*steps: Step[Any]) -> list[Any]:
    return perform_all(steps, principal=ANYONE, clock=timezone.now)


def post(wallet: Wallet, txid: str, **rest: object) -> Step[Transaction]:
    return prepare_create_transaction(principal=ANYONE, txid=txid, wallet_id=wallet.id, amount="1", **rest)


def txids() -> list[str]:
    return list(Transaction.objects.order_by("txid").values_list("txid", flat=True))


def test_a_transaction_cannot_take_the_name_of_one_that_was_just_posted(wallet: Wallet, first: Transaction) -> None:
    with refused(("duplicate_txid", "txid")) as caught:
        run(post(wallet, "new"), change(transaction_id=first.id, txid="new"))
    assert caught.value.step == 1


def test_nothing_is_posted_under_a_name_that_was_just_given(wallet: Wallet, first: Transaction) -> None:
    with refused(("duplicate_txid", "txid")) as caught:
        run(change(transaction_id=first.id, txid="new"), post(wallet, "new"))
    assert caught.value.step == 1


def test_a_name_that_was_just_given_up_is_free(wallet: Wallet, first: Transaction) -> None:
    run(change(transaction_id=first.id, txid="second"), post(wallet, "first"))
    assert txids() == ["first", "second"]
    posted = LocalId()
    run(
        post(wallet, "third", local_id=posted),
        change(transaction_id=posted, txid="fourth"),
        post(wallet, "third"),
    )
    assert txids() == ["first", "fourth", "second", "third"]
    assert_reconciled()


def test_a_name_stays_taken_when_an_empty_wallet_is_deleted(wallet: Wallet) -> None:
    other = create_wallet(principal=ANYONE, label="Other")
    with refused(("duplicate_txid", "txid")) as caught:
        run(post(wallet, "new"), close_wallet(wallet_id=other.id), post(wallet, "new"))
    assert caught.value.step == 2
    with refused(("duplicate_label", "label")) as caught:
        run(open_wallet(label="new"), close_wallet(wallet_id=other.id), open_wallet(label="new"))
    assert caught.value.step == 2


def test_the_names_of_a_deleted_wallet_are_free(wallet: Wallet) -> None:
    other = LocalId()
    run(
        open_wallet(label="new", local_id=other),
        prepare_create_transaction(principal=ANYONE, txid="in", wallet_id=other, amount="1"),
        prepare_create_transaction(principal=ANYONE, txid="out", wallet_id=other, amount="-1"),
        close_wallet(wallet_id=other),
        open_wallet(label="new"),
        post(wallet, "in"),
        post(wallet, "out"),
    )
    assert txids() == ["in", "out"]
    assert set(Wallet.objects.values_list("label", flat=True)) == {"W", "new"}
    assert_reconciled()


def test_labels_are_taken_and_given_up_in_turn(wallet: Wallet) -> None:
    with refused(("duplicate_label", "label")) as caught:
        run(change_wallet(wallet_id=wallet.id, label="new"), open_wallet(label="new"))
    assert caught.value.step == 1
    with refused(("duplicate_label", "label")) as caught:
        run(open_wallet(label="new"), change_wallet(wallet_id=wallet.id, label="new"))
    assert caught.value.step == 1
    run(change_wallet(wallet_id=wallet.id, label="new"), open_wallet(label="W"))
    assert set(Wallet.objects.values_list("label", flat=True)) == {"W", "new"}


def test_a_deleted_transactions_name_is_free(wallet: Wallet, first: Transaction) -> None:
    run(delete(transaction_id=first.id), post(wallet, "first"))
    assert txids() == ["first"]
    assert Transaction.objects.get().id != first.id
    assert_reconciled()


def test_a_change_that_keeps_the_name_does_not_clash_with_itself(wallet: Wallet, first: Transaction) -> None:
    taken = create_transaction(principal=ANYONE, txid="taken", wallet_id=wallet.id, amount="1")
    with refused(("duplicate_txid", "txid")) as caught:
        run(change(transaction_id=first.id, txid="first", amount="2"), post(wallet, "taken"))
    assert (caught.value.step, caught.value.context) == (1, {"transaction": taken.id})
    run(post(wallet, "new"), change(transaction_id=first.id, txid="first"), change(transaction_id=taken.id, txid="b"))
    run(change(transaction_id=first.id, txid="a"), change(transaction_id=first.id, txid="a"))
    assert txids() == ["a", "b", "new"]
