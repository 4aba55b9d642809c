"""Holds and captures that share a transaction with others: each caller gets what it would get alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.concurrency.threads import elsewhere
from tests.ledger.callers import (
    TIMEOUT,
    Company,
    Holder,
    capture,
    codes,
    hold,
    move,
    needs_row_locks,
    post,
    wait_for,
)
from tests.ledger.state import assert_reconciled, balance, snapshot
from tests.writes import capture_hold, create_hold, open_wallet
from walletsvc import errors
from walletsvc.commands import execute as executing
from walletsvc.commands import group_commit, needs
from walletsvc.commands.captures import CaptureHold
from walletsvc.commands.execute import execute_once
from walletsvc.commands.group_commit import Queue
from walletsvc.commands.holds import CreateHold
from walletsvc.commands.transfers import PostTransfer
from walletsvc.models import Entry, Hold, ReplayKey, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)


def later(**much: float) -> str:
    return (timezone.now() + timedelta(**much)).isoformat()


def state(wallet: Wallet) -> tuple[str, str, str]:
    """Return balance, held and available of a wallet."""
    row = Wallet.objects.get(id=wallet.id)
    return tuple(f"{each:.2f}" for each in (row.balance, row.held, row.available))  # type: ignore[return-value]


def test_holds_captures_posts_and_transfers_share_a_transaction(
    company: Company, wallet: Wallet, other: Wallet
) -> None:
    first = create_hold(principal=ANYONE, txid="H1", wallet_id=wallet.id, amount="4")
    paid = create_hold(principal=ANYONE, txid="H2", wallet_id=wallet.id, amount="3", destination_id=other.id)
    results = company.gather(
        [
            post(other, "1.00", "P1"),
            hold(other, "2.00", "H3"),
            capture(first, "C1", amount="1.50"),
            move(wallet, other, "0.50", "M1"),
            capture(paid, "C2", is_final=True, amount="1.00"),
            hold(wallet, "0.25", "H4", expires_at=later(days=1)),
            post(wallet, "-0.25", "P2"),
        ]
    )
    assert (codes(results), company.transactions) == (["done"] * 7, 1)
    # 10 - 1.5 - 0.5 - 1 - 0.25, of which 2.5 and 0.25 are held; 10 + 1 + 0.5 + 1, of which 2.
    assert state(wallet) == ("6.75", "2.75", "4.00")
    assert state(other) == ("12.50", "2.00", "10.50")
    # Everybody got the id of what is stored, and the entries refer to that.
    holds = dict(Hold.objects.values_list("txid", "id"))
    assert {each.txid: each.id for each in results if isinstance(each, Hold)} == {
        name: holds[name] for name in ("H3", "H4")
    }
    stored = dict(Transaction.objects.values_list("txid", "id"))
    made = [each for each in results if isinstance(each, Transaction)]
    assert {each.txid: each.id for each in made} == {name: stored[name] for name in ("P1", "C1", "C2", "P2")}
    entries = Entry.objects.exclude(hold=None).order_by("wallet", "sequence")
    assert list(entries.values_list("kind", "txid", "hold_id", "transaction_id")) == [
        ("hold", "H1", holds["H1"], None),
        ("hold", "H2", holds["H2"], None),
        ("capture", "C1", holds["H1"], stored["C1"]),
        ("capture", "C2", holds["H2"], stored["C2"]),
        ("hold", "H4", holds["H4"], None),
        ("hold", "H3", holds["H3"], None),
    ]
    assert dict(Transaction.objects.exclude(hold=None).values_list("txid", "hold_id")) == {
        "C1": holds["H1"],
        "C2": holds["H2"],
    }
    assert_reconciled()


def test_captures_share_a_transaction_whose_wallets_only_their_holds_name(
    company: Company, wallet: Wallet, other: Wallet
) -> None:
    first = create_hold(principal=ANYONE, txid="H1", wallet_id=wallet.id, amount="4")
    second = create_hold(principal=ANYONE, txid="H2", wallet_id=other.id, amount="3")
    results = company.gather([capture(first, "C1"), capture(second, "C2"), capture(first, "C3")])
    assert (codes(results), company.transactions) == (["done", "done", "hold_closed"], 1)
    assert (state(wallet), state(other)) == (("6.00", "0.00", "6.00"), ("7.00", "0.00", "7.00"))
    assert_reconciled()


def test_a_refused_hold_or_capture_is_its_callers_own(company: Company, wallet: Wallet, other: Wallet) -> None:
    held = create_hold(principal=ANYONE, txid="H1", wallet_id=wallet.id, amount="4")
    results = company.gather(
        [
            hold(wallet, "6.01", "H2"),
            capture(held, "C1", amount="4.01"),
            post(other, "1.00", "P1"),
            capture(held, "C2", amount="3.00"),
            capture(held, "C3", amount="1.01"),
            hold(wallet, "1.00", "H3", expires_at=later(seconds=-1)),
            capture(held, "C4"),
            capture(held, "C5"),
            hold(wallet, "6.00", "H4"),
            capture(Hold(id=held.id + 1000), "C6"),
        ]
    )
    assert codes(results) == [
        "insufficient_funds",
        "hold_exceeded",
        "done",
        "done",
        "hold_exceeded",
        "invalid",
        "done",
        "hold_closed",
        "done",
        "not_found",
    ]
    assert (company.transactions, state(wallet), balance(other.id)) == (1, ("6.00", "6.00", "0.00"), "11.00")
    assert_reconciled()


def test_nothing_changes_if_all_are_refused(company: Company, wallet: Wallet) -> None:
    held = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="4")
    before = snapshot()
    calls = [hold(wallet, "6.01", "H1"), capture(held, "C1", amount="5"), hold(wallet, "7", "H2")]
    assert codes(company.gather(calls)) == ["insufficient_funds", "hold_exceeded", "insufficient_funds"]
    assert (company.transactions, snapshot()) == (1, before)


def test_a_name_is_taken_once(company: Company, wallet: Wallet, other: Wallet) -> None:
    held = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="4", destination_id=other.id)
    results = company.gather(
        [
            hold(wallet, "1.00", "H1"),
            hold(wallet, "1.00", "H1"),
            hold(other, "1.00", "H1"),
            capture(held, "C1", amount="1"),
            capture(held, "C1", amount="1"),
            post(other, "1.00", "C1.2"),
            post(other, "1.00", "H1"),
        ]
    )
    assert codes(results) == [
        "done",
        "duplicate_txid",
        "duplicate_txid",
        "done",
        "duplicate_txid",
        "duplicate_txid",
        "done",
    ]
    assert [each.context["is_same"] for each in results if isinstance(each, errors.DuplicateTxid)] == [
        True,
        False,
        True,
        False,
    ]
    assert (state(wallet), state(other)) == (("9.00", "4.00", "5.00"), ("12.00", "0.00", "12.00"))
    assert_reconciled()


def test_a_hold_that_ends_is_expired_for_all_of_the_group(company: Company, wallet: Wallet, other: Wallet) -> None:
    due = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="10", expires_at=later(seconds=1))
    wait_for(lambda: due.expires_at is not None and timezone.now() > due.expires_at)
    results = company.gather(
        [post(other, "1", "P1"), capture(due, "C1"), hold(wallet, "10.00", "H2"), hold(wallet, "0.01", "H3")]
    )
    assert codes(results) == ["done", "hold_closed", "done", "insufficient_funds"]
    assert (company.transactions, state(wallet)) == (1, ("10.00", "10.00", "0.00"))
    assert_reconciled()


@needs_row_locks
def test_a_hold_that_another_has_captured_before_the_lock_is_read_again(
    company: Company, wallet: Wallet, other: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="4")
    find_holds = needs.find_holds

    def find_and_lose(*args: Any, **options: Any) -> Any:
        found = find_holds(*args, **options)
        monkeypatch.setattr(needs, "find_holds", find_holds)
        queue = executing._queue
        # Another server's callers do not wait for the leader of this one.
        monkeypatch.setattr(executing, "_queue", Queue())
        elsewhere(partial(capture_hold, principal=ANYONE, hold_id=held.id, txid="C0", amount="3"))
        monkeypatch.setattr(executing, "_queue", queue)
        return found

    monkeypatch.setattr(needs, "find_holds", find_and_lose)
    calls = [post(other, "1", "P1"), capture(held, "C1", amount="2"), capture(held, "C2", amount="1")]
    assert codes(company.gather(calls)) == ["done", "hold_exceeded", "done"]
    assert state(wallet) == ("6.00", "0.00", "6.00")
    assert_reconciled()


def test_keys_of_all_kinds_commit_with_their_group(company: Company, wallet: Wallet, other: Wallet) -> None:
    held = create_hold(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="4", destination_id=other.id)
    commands = {
        "hold": CreateHold.parse({"txid": "H1", "wallet": wallet.id, "amount": "1", "description": "for lunch"}),
        "capture": CaptureHold.parse(held.id, {"txid": "C1", "amount": "2"}),
        "transfer": PostTransfer.parse({"txid": "M2", "source": wallet.id, "destination": other.id, "amount": "1"}),
        "later": CreateHold.parse({"txid": "H2", "wallet": other.id, "amount": "2"}),
    }
    keyed = {name: partial(execute_once, command, by=ANYONE, key=name) for name, command in commands.items()}
    results = company.gather([move(wallet, other, "1", "M1"), *keyed.values(), post(other, "1", "P1")])
    assert company.transactions == 1
    first = dict(zip(keyed, results[1:-1], strict=True))
    for name, call in keyed.items():
        again = call()
        assert (again.is_replay, first[name].is_replay) == (True, False)
        assert again.results[0].id == first[name].results[0].id
        assert again.results[0].txid == first[name].results[0].txid
    assert again.results[0].id == Hold.objects.get(txid="H2").id
    assert keyed["hold"]().results[0].description == "for lunch"
    assert keyed["capture"]().results[0].transfer_id == Transfer.objects.get(txid="C1").id
    assert keyed["transfer"]().results[0].id == Transfer.objects.get(txid="M2").id
    assert ReplayKey.objects.count() == 4
    assert_reconciled()


@needs_row_locks
def test_captures_that_wait_for_one_wallet_keep_no_other_from_anybody(
    company: Company, wallet: Wallet, other: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.025)
    held = open_wallet(principal=ANYONE, label="held", balance="10.00")
    due = [
        create_hold(principal=ANYONE, txid=f"H{place}", wallet_id=each.id, amount="2", destination_id=held.id)
        for place, each in enumerate((wallet, other))
    ]
    holder = Holder(company, held)
    stuck = [
        company.start(call)
        for call in (capture(due[0], "C0"), capture(due[1], "C1"), hold(held, "1", "H9"), capture(due[0], "C2"))
    ]
    for number in range(3):
        assert company.start(hold(wallet, "1.00", f"W{number}")).result(TIMEOUT).id
        assert company.start(post(other, "1.00", f"P{number}")).result(TIMEOUT).id
    assert not any(each.done() for each in stuck)
    holder.release.set()
    found = codes([each.exception(TIMEOUT) or each.result() for each in stuck])
    assert sorted(found) == ["done", "done", "done", "hold_closed"]
    assert (state(held), state(wallet), state(other)) == (
        ("14.00", "1.00", "13.00"),
        ("8.00", "3.00", "5.00"),
        ("11.00", "0.00", "11.00"),
    )
    assert_reconciled()


def test_any_mixture_adds_up(wallet: Wallet, other: Wallet) -> None:
    """16 callers hold, capture, post and transfer: what is stored is what they were told."""

    def work(thread: int) -> Decimal:
        change = Decimal(0)
        for number in range(6):
            name, (source, target) = f"{thread}-{number}", ((wallet, other), (other, wallet))[(thread + number) % 2]
            try:
                made = hold(source, "1.00", f"H{name}", destination_id=target.id if number % 2 else None)()
                change += 0 if number % 2 else capture(made, f"C{name}", amount="0.75", is_final=True)().amount
                if number % 2:
                    capture(made, f"C{name}", amount="0.50")()
                    capture(made, f"D{name}")()
                change += post(target, "0.50", f"P{name}")().amount
                move(target, source, "0.25", f"M{name}")()
            except errors.InsufficientFunds:
                continue
        connection.close()
        return change

    with ThreadPoolExecutor(16) as pool:
        changed = sum(pool.map(work, range(16)))
    assert Decimal(balance(wallet.id)) + Decimal(balance(other.id)) == 20 + changed
    assert set(Hold.objects.values_list("remaining", "state")) == {(Decimal(0), "captured")}
    assert (state(wallet)[1], state(other)[1]) == ("0.00", "0.00")
    assert_reconciled()
