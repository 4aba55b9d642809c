"""Posts that happen only while their conditions hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection

from tests.ledger.callers import Company, codes
from tests.ledger.state import assert_reconciled, balance, refused, snapshot
from tests.writes import close_wallet, open_wallet, post_transaction, rename_wallet
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.transactions import PostTransaction
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="A", balance="10.00", clock=lambda: NOON - timedelta(days=1))


def command(wallet: Wallet, amount: str, conditions: object, *, txid: str = "T") -> PostTransaction:
    values = {"txid": txid, "wallet": wallet.id, "amount": amount, "conditions": conditions}
    return PostTransaction.parse(values)


def test_a_post_happens_at_a_sequence_once(wallet: Wallet) -> None:
    execute(command(wallet, "1", {"sequence": 1}), by=ANYONE)
    before = snapshot()
    with refused(("condition_failed", "conditions.sequence")) as caught:
        execute(command(wallet, "1", {"sequence": 1}, txid="U"), by=ANYONE)
    assert caught.value.context == {
        "sequence": 2,
        "balance": "11.00",
        "available": "11.00",
        "currency": "USD",
        "wallet": wallet.id,
    }
    assert snapshot() == before
    assert_reconciled()


def test_a_bound_is_about_the_balance_after_the_post(wallet: Wallet) -> None:
    with refused(("condition_failed", "conditions.balance.gte")):
        execute(command(wallet, "-5.01", {"balance": {"gte": "5"}}), by=ANYONE)
    execute(command(wallet, "-5.00", {"balance": {"gte": "5"}, "available": {"eq": "5"}}), by=ANYONE)
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, floor="2")
    with refused(("condition_failed", "conditions.available.gt")):
        execute(command(wallet, "-1", {"available": {"gt": "2"}}, txid="U"), by=ANYONE)
    assert balance(wallet.id) == "5.00"


def test_a_retry_that_comes_too_late_changes_nothing(wallet: Wallet) -> None:
    late = command(wallet, "1", {"notAfter": "2026-01-31T12:00:00Z"})
    with refused(("condition_failed", "conditions.not_after")):
        execute(late, by=ANYONE, clock=lambda: NOON + MICROSECOND)
    execute(late, by=ANYONE, clock=lambda: NOON)
    # Its moment is that of the wallet's last change, if this server's clock is behind.
    with refused(("condition_failed", "conditions.not_after")):
        early = command(wallet, "1", {"notAfter": "2026-01-31T11:59:59Z"}, txid="U")
        execute(early, by=ANYONE, clock=lambda: NOON - timedelta(hours=1))


def test_whoever_repeats_a_request_learns_that_it_was_done(wallet: Wallet) -> None:
    execute(command(wallet, "-10", {"sequence": 1}), by=ANYONE)
    with refused(("duplicate_txid", "txid")):
        execute(command(wallet, "-10", {"sequence": 1}), by=ANYONE)
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, state="closed")
    with refused(("duplicate_txid", "txid")):
        execute(command(wallet, "-10", {"sequence": 1}), by=ANYONE)


def test_one_condition_refuses_a_whole_batch(wallet: Wallet) -> None:
    batch = [command(wallet, "1", {"sequence": 1}), command(wallet, "1", {"sequence": 1}, txid="U")]
    before = snapshot()
    outcome = execute_all(batch, by=ANYONE)
    assert isinstance(outcome, Refused)
    assert (outcome.index, outcome.error.code) == (1, "condition_failed")
    assert snapshot() == before


def test_a_wrong_condition_is_refused_with_the_wrong_fields(wallet: Wallet) -> None:
    with refused(("invalid_amount", "amount"), ("invalid", "conditions.sequence")):
        command(wallet, "x", {"sequence": "1"})
    with refused(("invalid", "conditions")):
        command(wallet, "1", {"sequenz": 1})
    assert command(wallet, "1", None).conditions is None


@pytest.mark.django_db(transaction=True)
def test_of_many_posts_at_one_sequence_one_is_done(company: Company, wallet: Wallet) -> None:
    """They share a transaction; each of the others sees the sequence that the first has made."""
    calls = [
        lambda number=number: execute(command(wallet, "1", {"sequence": 1}, txid=f"T{number}"), by=ANYONE)
        for number in range(8)
    ]
    assert codes(company.gather(calls)) == ["done"] + ["condition_failed"] * 7
    assert balance(wallet.id) == "11.00"
    assert_reconciled()


@pytest.mark.django_db(transaction=True)
def test_one_of_many_servers_is_first() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="10.00")
    start = Barrier(8)

    def race(number: int) -> None:
        try:
            start.wait(30)
            execute_all([command(wallet, "1", {"sequence": 1}, txid=f"T{number}")], by=ANYONE)
        finally:
            connection.close()

    threads = [Thread(target=race, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (Transaction.objects.count(), balance(wallet.id)) == (1, "11.00")
    assert_reconciled()


def test_a_wallet_with_conditions_met_is_still_guarded(wallet: Wallet) -> None:
    with refused(("insufficient_funds", "amount")):
        execute(command(wallet, "-11", {"sequence": 1}), by=ANYONE)
    post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="-10")
    close_wallet(principal=ANYONE, wallet_id=wallet.id)
    with refused(("not_found", "wallet")):
        execute(command(wallet, "1", {"sequence": 2}, txid="U"), by=ANYONE)
