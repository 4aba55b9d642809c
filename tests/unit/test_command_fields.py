"""What a command takes of its caller's values, and whom it lets give them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.records import ALICE, open_ledger
from walletsvc import errors
from walletsvc.commands.holders import owner_of
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.transfers import PostTransfer
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.without_engine

TRANSFER = {"txid": "T", "source": "7", "destination": "8", "amount": "0.01"}


@pytest.mark.parametrize(
    ("parse", "message"),
    [
        (lambda: ChangeWallet.parse("x", {}), "There is no Wallet 'x'."),
        (lambda: DeleteWallet.parse("x"), "There is no Wallet 'x'."),
        (lambda: AmendTransaction.parse("x", {}), "There is no Transaction 'x'."),
        (lambda: DeleteTransaction.parse("x"), "There is no Transaction 'x'."),
        (lambda: PostTransfer.parse(TRANSFER | {"source": "x"}), "There is no Wallet 'x'."),
        (lambda: PostTransfer.parse(TRANSFER | {"destination": "y"}), "There is no Wallet 'y'."),
    ],
)
def test_an_impossible_id_is_of_no_object(parse: Callable[[], Any], message: str) -> None:
    with pytest.raises(errors.NotFound) as caught:
        parse()
    assert caught.value.message == message


def test_a_transfer_may_be_of_the_smallest_amount_and_no_less() -> None:
    transfer = PostTransfer.parse(TRANSFER)
    assert [(leg.wallet, leg.amount) for leg in transfer.legs] == [(7, Decimal("-0.01")), (8, Decimal("0.01"))]
    for amount in ("0", "-0.01"):
        with pytest.raises(errors.InvalidAmount) as caught:
            PostTransfer.parse(TRANSFER | {"amount": amount})
        assert caught.value.field == "amount"


def test_the_owner_of_a_wallet_is_given_or_not() -> None:
    assert OpenWallet.parse({"label": "A"}).owner is None
    assert OpenWallet.parse({"label": "A", "owner": ""}).owner == ""
    assert OpenWallet.parse({"label": "A", "owner": "bob"}).owner == "bob"


@pytest.mark.parametrize("owner", ["bob", "", ALICE.owner])
def test_a_caller_of_an_owner_cannot_say_whose_a_wallet_is(owner: str) -> None:
    ledger, records, touched = open_ledger()
    with pytest.raises(errors.Invalid) as caught:
        OpenWallet.parse({"label": "A", "owner": owner}).apply(ledger)
    assert (caught.value.field, caught.value.message) == ("owner", "Wallet has no attribute 'owner'.")
    assert (records.done, touched) == ([], {})
    assert OpenWallet.parse({"label": "A"}).apply(ledger).owner == ALICE.owner


def test_only_posts_to_known_wallets_that_nobody_refers_to_share_a_commit() -> None:
    values = {"txid": "A", "wallet": "7", "amount": "1"}
    assert PostTransaction.parse(values).shares_commit is True
    assert PostTransaction.parse(values, local_id=LocalId()).shares_commit is False
    assert PostTransaction.parse(values | {"wallet": LocalId()}).shares_commit is False
    for other in (OpenWallet.parse({"label": "A"}), DeleteWallet.parse("7"), DeleteTransaction.parse("7")):
        assert other.shares_commit is False


def test_names_are_searched_among_those_of_the_callers_owner() -> None:
    created = LocalId()
    created.owner = "bob"
    for model in (Wallet, Transaction):
        assert owner_of(created, model, ALICE) == owner_of(7, model, ALICE) == ALICE.owner
        assert owner_of(created, model, ANYONE) == "bob"
