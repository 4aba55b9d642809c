"""Failures while several callers share a transaction: faults, bugs, locks, and a leader that dies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.concurrency.faults import COMMIT, FAULTS, Wire, tapped
from tests.ledger.callers import TIMEOUT, Company, Holder, codes, needs_row_locks, post, wait_for
from tests.ledger.state import assert_reconciled, balance, snapshot
from walletsvc import errors
from walletsvc.commands import execute as executing
from walletsvc.commands import group_commit
from walletsvc.commands.command import Command, Locks
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda each: each.name)
@pytest.mark.parametrize("place", range(7))
def test_a_fault_of_the_shared_transaction(company: Company, wallet: Wallet, place: int, fault: Any) -> None:
    before = snapshot()
    wire = Wire(fault.strike, lambda at, _: at == place)

    def lead() -> object:
        with tapped(wire):
            return post(wallet, "-1.00", "T0")()

    results = company.gather([lead, *(post(wallet, "-1.00", f"T{number}") for number in (1, 2))])
    if len(wire.sent) <= place:
        assert codes(results) == ["done"] * 3
    elif fault.code is None:
        assert (codes(results), balance(wallet.id)) == (["done"] * 3, "7.00")
    else:
        assert (codes(results), snapshot()) == ([fault.code] * 3, before)
    assert company.transactions == 1
    assert_reconciled()


@pytest.mark.parametrize(("sent_last", "others"), [("SELECT", "done"), (COMMIT, "unavailable")])
def test_a_leader_that_is_killed(company: Company, wallet: Wallet, sent_last: str, others: str) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    def lead() -> object:
        with tapped(Wire(die, lambda _, sent: sent.startswith(sent_last))):
            return post(wallet, "-1.00", "T0")()

    first, *rest = company.gather([lead, post(wallet, "-1.00", "T1"), post(wallet, "-1.00", "T2")])
    assert isinstance(first, KeyboardInterrupt)
    assert codes(rest) == [others] * 2
    # SQLite's driver decides about a transaction whose COMMIT is interrupted: all, or nothing.
    possible = [{"T1", "T2"}] if others == "done" else [set(), {"T0", "T1", "T2"}]
    assert set(Transaction.objects.values_list("txid", flat=True)) in possible
    assert_reconciled()


@dataclass(frozen=True)
class Stumble(Command[None]):
    """A command with a fault."""

    wallet: int
    shares_commit = True
    scope = "transactions:write"

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,))

    def apply(self, ledger: object) -> None:
        raise ZeroDivisionError


def test_a_bug_in_one_command_is_its_callers_own(company: Company, wallet: Wallet) -> None:
    call = partial(executing.execute, Stumble(wallet.id), by=ANYONE)
    results = company.gather([post(wallet, "1.00", "T1"), call])
    assert (codes(results), balance(wallet.id)) == (["done", "ZeroDivisionError()"], "11.00")


@needs_row_locks
def test_a_locked_wallet_holds_up_its_own_posts_only(company: Company, wallet: Wallet, other: Wallet) -> None:
    holder = Holder(company, wallet)
    calls = [post(wallet, "-6.00", "T1"), post(other, "1.00", "T2"), post(wallet, "-5.00", "T3"), post(0, "1", "T4")]
    futures = company.join(calls)
    assert futures[1].result(TIMEOUT).txid == "T2"
    assert isinstance(futures[3].exception(TIMEOUT), errors.NotFound)
    assert not futures[0].done()
    assert not futures[2].done()
    holder.release.set()
    assert sorted(codes([each.exception(TIMEOUT) or each.result() for each in futures])) == [
        "done",
        "done",
        "insufficient_funds",
        "not_found",
    ]
    assert balance(other.id) == "11.00"
    assert_reconciled()


@needs_row_locks
def test_a_leader_that_waits_for_a_lock_delays_no_other(
    company: Company, wallet: Wallet, other: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.025)
    holder = Holder(company, wallet)
    stuck = company.start(post(wallet, "-6.00", "T1"))
    wait_for(lambda: bool(executing._queue._lanes))
    assert company.start(post(other, "1.00", "T2")).result(TIMEOUT).txid == "T2"
    assert not stuck.done()
    holder.release.set()
    assert stuck.result(TIMEOUT).txid == "T1"
    assert executing._queue._lanes == {}
    assert_reconciled()
