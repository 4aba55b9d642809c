"""Names that an operation takes and gives up, each within its owner."""

from __future__ import annotations

import pytest

from walletsvc import errors
from walletsvc.ledger.names import Names

pytestmark = pytest.mark.without_engine


def test_a_label_is_taken_once_within_an_owner_until_it_is_given_up() -> None:
    names = Names()
    assert not names
    names.take_label("a", "Savings")
    assert names
    with pytest.raises(errors.DuplicateLabel) as caught:
        names.take_label("a", "Savings")
    assert caught.value.field == "label"
    names.take_label("b", "Savings")
    names.take_label("a", "Other")
    names.give_up("a", labels=["Savings"], txids=["Other"])
    names.take_label("a", "Savings")
    for owner, label in (("a", "Other"), ("b", "Savings")):
        with pytest.raises(errors.DuplicateLabel):
            names.take_label(owner, label)


def test_a_txid_is_taken_once_within_an_owner_until_it_is_given_up() -> None:
    names = Names()
    names.check_txid("a", "T1")
    assert not names
    names.take_txid("a", "T1")
    assert names
    for attempt in (names.check_txid, names.take_txid):
        with pytest.raises(errors.DuplicateTxid) as caught:
            attempt("a", "T1")
        assert caught.value.field == "txid"
    names.take_txid("b", "T1")
    names.take_txid("a", "T2")
    names.give_up("a", txids=["T1"], labels=["T2"])
    names.take_txid("a", "T1")
    for owner, txid in (("a", "T2"), ("b", "T1")):
        with pytest.raises(errors.DuplicateTxid):
            names.take_txid(owner, txid)
