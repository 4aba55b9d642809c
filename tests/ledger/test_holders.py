"""The holder of a name is looked for among the names of one owner, and is not the object itself."""

from __future__ import annotations

import pytest

from tests.writes import open_wallet, post_transaction
from walletsvc.commands.holders import find_label_holder, find_txid_holder
from walletsvc.commands.transactions import AmendTransaction
from walletsvc.commands.wallets import ChangeWallet
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db

ALICE, BOB = (Principal(name, frozenset({"admin"}), owner=name) for name in ("alice", "bob"))


def test_the_holder_of_a_name_is_of_the_same_owner() -> None:
    wallets = {each.owner: open_wallet(principal=each, label="Same") for each in (ALICE, BOB)}
    for owner, wallet in wallets.items():
        open_wallet(principal=ANYONE, label=f"Other of {owner}", owner=owner)
        posted = post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="1")
        label, txid = find_label_holder(str(owner), "Same"), find_txid_holder(str(owner), "T")
        assert label is not None
        assert txid is not None
        assert (label.field, label.context) == ("label", {"wallet": wallet.id})
        assert (txid.field, txid.context) == ("txid", {"transaction": posted.id})
        assert find_label_holder(str(owner), "Same", other_than=wallet.id) is None
        assert find_txid_holder(str(owner), "T", other_than=posted.id) is None
        assert find_label_holder(str(owner), "Absent") is find_txid_holder(str(owner), "Absent") is None
    assert find_label_holder("carol", "Same") is find_txid_holder("carol", "T") is None


def test_an_object_that_keeps_its_name_duplicates_nothing() -> None:
    wallet, other = (open_wallet(principal=ALICE, label=label) for label in ("A", "B"))
    posted = post_transaction(principal=ALICE, txid="T", wallet_id=wallet.id, amount="1")
    for principal in (ALICE, ANYONE):
        assert ChangeWallet.parse(wallet.id, {"label": "A"}).find_duplicate(principal) is None
        assert AmendTransaction.parse(posted.id, {"txid": "T"}).find_duplicate(principal) is None
        refusal = ChangeWallet.parse(other.id, {"label": "A"}).find_duplicate(principal)
        assert refusal is not None
        assert refusal.context == {"wallet": wallet.id}
