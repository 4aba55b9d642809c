"""Transfers that share a transaction with others: each caller gets the same answer as alone, and waits no longer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tests.concurrency.faults import Wire, tapped
from tests.ledger.callers import TIMEOUT, Company, Holder, codes, move, needs_row_locks, post, wait_for
from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.writes import open_wallet
from walletsvc import errors
from walletsvc.commands import execute as executing
from walletsvc.commands import group_commit
from walletsvc.models import Entry, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)


def test_transfers_of_one_moment_share_a_transaction_with_posts(
    company: Company, wallet: Wallet, other: Wallet
) -> None:
    results = company.gather(
        [
            move(wallet, other, "4.00", "M1"),
            post(wallet, "1.00", "P1"),
            move(other, wallet, "13.50", "M2"),
            move(wallet, other, "0.50", "M3"),
            post(other, "-0.25", "P2"),
        ]
    )
    assert (codes(results), company.transactions) == (["done"] * 5, 1)
    assert (balance(wallet.id), balance(other.id)) == ("20.00", "0.75")
    moved = [each for each in results if isinstance(each, Transfer)]
    assert [each.id for each in moved] == [Transfer.objects.get(txid=each.txid).id for each in moved]
    for each in moved:
        legs = Transaction.objects.filter(transfer_id=each.id).order_by("id")
        assert [leg.txid for leg in legs] == [f"{each.txid}.1", f"{each.txid}.2"]
        assert sum((leg.amount for leg in legs), Decimal(0)) == 0
    entries = dict(Entry.objects.exclude(txid="").values_list("txid", "transaction_id"))
    assert entries == dict(Transaction.objects.values_list("txid", "id"))
    assert_reconciled()


def test_a_refused_transfer_is_its_callers_own(company: Company, wallet: Wallet, other: Wallet) -> None:
    results = company.gather(
        [
            move(wallet, other, "8.00", "M1"),
            move(wallet, other, "2.01", "M2"),
            move(other, wallet, "18.00", "M3"),
            move(wallet, other, "0.001", "M4"),
            post(wallet, "-20.00", "P1"),
        ]
    )
    assert codes(results) == ["done", "insufficient_funds", "done", "scale_exceeded", "done"]
    assert results[1].context["available"] == "2.00"
    assert (company.transactions, balance(wallet.id), balance(other.id)) == (1, "0.00", "0.00")
    assert list(Transfer.objects.order_by("id").values_list("txid", flat=True)) == ["M1", "M3"]
    assert_reconciled()


def test_nothing_changes_if_all_transfers_are_refused(company: Company, wallet: Wallet, other: Wallet) -> None:
    before = snapshot()
    results = company.gather([move(wallet, other, "10.01", f"M{number}") for number in range(3)])
    assert (codes(results), snapshot()) == (["insufficient_funds"] * 3, before)


def test_a_name_of_a_transfer_or_of_a_leg_is_taken_once(company: Company, wallet: Wallet, other: Wallet) -> None:
    results = company.gather(
        [
            move(wallet, other, "1.00", "M1"),
            move(wallet, other, "1.00", "M1"),
            post(wallet, "1.00", "M2.2"),
            move(wallet, other, "2.00", "M2"),
        ]
    )
    assert codes(results) == ["done", "duplicate_txid", "done", "duplicate_txid"]
    assert results[1].context["is_same"] is True
    assert (balance(wallet.id), balance(other.id)) == ("10.00", "11.00")
    assert_reconciled()


def test_any_mixture_of_posts_and_transfers_adds_up() -> None:
    wallets = [open_wallet(principal=ANYONE, label=f"W{number}", balance="20.00") for number in range(4)]

    def work(thread: int) -> list[str]:
        results: list[Any] = []
        for number in range(12):
            source, destination = wallets[(thread + number) % 4], wallets[(thread * 3 + number * 2 + 1) % 4]
            call = post(source, "-1.00", f"P{thread}-{number}")
            if source is not destination:
                call = move(source, destination, "7.00", f"M{thread}-{number}")  # type: ignore[assignment]
            try:
                results.append(call())
            except errors.WalletError as refusal:
                results.append(refusal)
        connection.close()
        return codes(results)

    with ThreadPoolExecutor(16) as pool:
        found = [code for each in pool.map(work, range(16)) for code in each]
    assert set(found) <= {"done", "insufficient_funds"}
    assert min(Entry.objects.values_list("balance_after", flat=True)) >= 0
    posted = Transaction.objects.filter(transfer=None).count()
    assert (Transfer.objects.count(), Transaction.objects.count()) == (
        found.count("done") - posted,
        posted + 2 * (found.count("done") - posted),
    )
    assert sum(map(Decimal, (balance(each.id) for each in wallets))) == 80 - posted
    assert_reconciled()


@needs_row_locks
def test_transfers_that_wait_for_one_wallet_keep_no_other_from_anybody(
    company: Company, wallet: Wallet, other: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wallet that is held has the higher id, so the order of ids alone would lock the others first."""
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.025)
    held = open_wallet(principal=ANYONE, label="held", balance="10.00")
    holder, wire = Holder(company, held), Wire(lambda: None, lambda *_: False)

    def watched(source: Wallet, destination: Wallet, txid: str) -> Transfer:
        with tapped(wire):
            return move(source, destination, "1.00", txid)()

    stuck = [company.start(lambda n=number: watched(held, (wallet, other)[n % 2], f"M{n}")) for number in range(8)]
    wait_for(lambda: len(wire.sent) >= 8)
    for number in range(4):
        for each in (wallet, other):
            assert company.start(post(each, "1.00", f"P{each.id}-{number}")).result(TIMEOUT).id
    assert company.start(move(wallet, other, "1.00", "X")).result(TIMEOUT).id
    assert not any(each.done() for each in stuck)
    # Who waits does not ask again and again.
    asked = len(wire.sent)
    assert asked <= 8 * 6
    holder.release.set()
    assert [each.result(TIMEOUT).txid for each in stuck] == [f"M{number}" for number in range(8)]
    assert (balance(held.id), balance(wallet.id), balance(other.id)) == ("2.00", "17.00", "19.00")
    assert executing._queue._lanes == {}
    assert_reconciled()


@needs_row_locks
def test_transfers_wait_together_and_are_stored_together(company: Company, wallet: Wallet, other: Wallet) -> None:
    third = open_wallet(principal=ANYONE, label="C", balance="10.00")
    holder = Holder(company, wallet)
    futures = company.join(
        [move(wallet, other, "1.00", "M1"), move(third, wallet, "2.00", "M2"), move(wallet, third, "3.00", "M3")]
    )
    wait_for(lambda: any(lane.waiting for lane in executing._queue._lanes.values()))
    assert not any(each.done() for each in futures)
    holder.release.set()
    assert codes([each.exception(TIMEOUT) or each.result() for each in futures]) == ["done"] * 3
    assert (balance(wallet.id), balance(other.id), balance(third.id)) == ("8.00", "11.00", "11.00")
    # One that passed over the wallet, one that waited first, and the rest.
    assert company.transactions <= 3
    assert_reconciled()
