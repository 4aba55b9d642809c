"""What the ledger decides of wallets that open and close, without a database."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.records import FIRST, open_ledger, transaction, wallet
from walletsvc import errors
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.wallet_changes import delete_wallet
from walletsvc.models import Wallet

pytestmark = pytest.mark.without_engine

EARLIER = FIRST - timedelta(days=1)


def test_a_wallet_opens_with_its_first_entry() -> None:
    ledger, records, touched = open_ledger(wallet(1))
    opened = Wallet(label="New", currency="USD", owner="a")
    ledger.open_wallet(opened, opening=Decimal("2.50"))
    assert (opened.id, opened.created_at, opened.updated_at, touched) == (100, FIRST, FIRST, {1: "a", 100: "a"})
    assert ledger.wallet(100) == LockedWallet(100, "USD", Decimal("2.50"), 1, 0, "a", updated_at=FIRST)
    with pytest.raises(errors.DuplicateLabel):
        ledger.names.take_label("a", "New")
    ledger.post(transaction("T1", 100, "1"))
    ledger.complete()
    entries = [(100, 1, "opening", "2.50", "2.50"), (100, 2, "post", "1", "3.50")]
    assert records.done == [
        ("insert", "New", "2.50", 1),
        ("write", ["T1"], entries, "alice", FIRST, False),
        ("totals", {"USD": (1, "3.50", "0")}),
    ]
    assert records.txids == ["", "T1"]
    # It is shown as the operation leaves it.
    assert (opened.balance, opened.sequence, opened.transaction_count) == (Decimal("3.50"), 2, 1)


def test_an_empty_wallet_has_no_entry() -> None:
    ledger, records, _ = open_ledger()
    ledger.open_wallet(Wallet(label="New", currency="USD", owner="a"), opening=Decimal(0))
    ledger.complete()
    assert records.done == [("insert", "New", "0", 0)]


def test_a_wallet_that_is_refused_is_not_inserted() -> None:
    ledger, records, touched = open_ledger()
    with pytest.raises(errors.InsufficientFunds) as caught:
        ledger.open_wallet(Wallet(label="New", currency="USD", owner="a"), opening=Decimal("-1"))
    assert (caught.value.field, caught.value.context["wallet"]) == ("balance", None)
    with pytest.raises(errors.ScaleExceeded):
        ledger.open_wallet(Wallet(label="Other", currency="JPY", owner="a"), opening=Decimal("0.5"))
    with pytest.raises(errors.DuplicateLabel):
        ledger.open_wallet(Wallet(label="New", currency="USD", owner="a"), opening=Decimal(0))
    assert (records.done, touched) == ([], {})


def test_a_wallet_is_shown_as_it_is_left_and_as_it_was_where_nothing_came() -> None:
    ledger, _, _ = open_ledger(wallet(1, "10"), wallet(2, "5"))
    changed, same = (
        Wallet(id=number, balance=Decimal(balance), sequence=7, transaction_count=3, updated_at=EARLIER)
        for number, balance in ((1, "10"), (2, "5"))
    )
    ledger.show(changed)
    ledger.show(same)
    ledger.post(transaction("T1", 1, "-2"))
    ledger.complete()
    assert (changed.balance, changed.sequence, changed.transaction_count, changed.updated_at) == (8, 8, 4, FIRST)
    assert (same.balance, same.sequence, same.transaction_count, same.updated_at) == (5, 7, 3, EARLIER)


def test_a_wallet_closes_when_it_is_empty() -> None:
    ledger, records, _ = open_ledger(wallet(1, "4"), wallet(2))
    with pytest.raises(errors.WalletNotEmpty) as caught:
        delete_wallet(ledger, 1)
    assert caught.value.context == {"balance": "4.00", "held": "0.00", "currency": "USD", "wallet": 1}
    shown = Wallet(id=1, balance=Decimal(4), sequence=7)
    ledger.show(shown)
    ledger.post(transaction("G1", 1, "-4"))
    ledger.names.take_label("a", "Gone")
    delete_wallet(ledger, 1)
    assert [each[0] for each in records.done[:1]] + records.done[1:] == ["write", ("names", 1), ("delete", 1)]
    assert not ledger.has_locked(1)
    ledger.post(transaction("G1", 2, "1"))  # its names are free
    ledger.names.take_label("a", "Gone")
    ledger.complete()
    # Two transactions went with it, and two came.
    assert [what for what, *_ in records.done] == ["write", "names", "delete", "write", "totals"]
    assert records.done[-1] == ("totals", {"USD": (0, "1", "4")})
    assert (shown.balance, shown.sequence) == (4, 7)
    with pytest.raises(errors.NotFound):
        delete_wallet(ledger, 1)


def test_no_names_are_read_where_none_was_taken() -> None:
    ledger, records, _ = open_ledger(wallet(1))
    delete_wallet(ledger, 1)
    ledger.complete()
    assert records.done == [("delete", 1), ("totals", {"USD": (-2, "0", "0")})]
