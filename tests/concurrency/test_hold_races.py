"""One hold, and many who want something else of it at the same time: one end, and everyone is told the truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from tests.concurrency.threads import at_once, elsewhere, tally
from tests.ledger.state import assert_reconciled
from tests.writes import (
    capture_hold,
    close_wallet,
    create_hold,
    open_wallet,
    post_transaction,
    release_hold,
    rename_wallet,
    update_hold,
)
from walletsvc import errors
from walletsvc.commands.captures import CaptureHold
from walletsvc.commands.expiry import expire_wallets
from walletsvc.ledger.ledger import Ledger
from walletsvc.models import Entry, Hold, Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.server.sweeper import sweep_once

RACERS = 32
LOSSES = {"hold_closed", "hold_exceeded", "wallet_not_empty", "transaction_bound", "insufficient_funds"}

capture = partial(capture_hold, principal=ANYONE)
release = partial(release_hold, principal=ANYONE)
update = partial(update_hold, principal=ANYONE)


def hold(wallet: Wallet, amount: str, **values: object) -> Hold:
    return create_hold(principal=ANYONE, wallet_id=wallet.id, amount=amount, txid="H", **values)


@pytest.mark.parametrize("seconds_ahead", [0, 60])
def test_a_hold_ends_once(seconds_ahead: int) -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="100.00")
    held = hold(wallet, "60.00", expires_at=(timezone.now() + timedelta(seconds=30)).isoformat())

    def ahead() -> object:
        return timezone.now() + timedelta(seconds=seconds_ahead)

    def racer(number: int) -> Callable[[], object]:
        clock = ahead if number % 2 else timezone.now
        of = {"hold_id": held.id, "clock": clock}
        return (
            partial(capture, txid=f"A{number}", **of),
            partial(capture, txid=f"P{number}", amount="7.00", **of),
            partial(release, **of),
            partial(release, amount="3.00", **of),
            partial(update, amount="55.00", **of),
            partial(expire_wallets, [wallet.id], clock=clock),
            partial(close_wallet, principal=ANYONE, wallet_id=wallet.id, clock=clock),
            partial(capture, txid=f"F{number}", amount="1.00", is_final=True, **of),
        )[number // 4 % 8]

    results = at_once(map(racer, range(RACERS)))
    lost = [each for each in results if isinstance(each, errors.WalletError)]
    assert set(tally(lost)) <= LOSSES
    end = Hold.objects.get(id=held.id)
    assert end.state in ("captured", "released", "expired")
    # What was told of its end is how it ended.
    assert {each.context["state"] for each in lost if isinstance(each, errors.HoldClosed)} <= {end.state}
    captures = [-each.amount for each in Transaction.objects.filter(hold=held)]
    assert (sum(captures), end.captured + end.released, end.remaining) == (end.captured, end.amount, 0)
    assert len(captures) == sum(isinstance(each, Transaction) for each in results)
    ended = Entry.objects.filter(hold=held, held_after=0)
    assert ended.count() == 1
    after = Wallet.objects.get(id=wallet.id)
    assert (after.held, after.balance, after.available) == (0, 100 - end.captured, 100 - end.captured)
    assert_reconciled()


def test_captures_take_no_more_than_was_held() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="100.00")
    held = hold(wallet, "10.00")
    results = at_once(partial(capture, hold_id=held.id, txid=f"C{n}", amount="1.00") for n in range(RACERS))
    told = tally(results)
    assert told["done"] == 10
    assert told["hold_closed"] + told["hold_exceeded"] == RACERS - 10
    assert Wallet.objects.get(id=wallet.id).balance == 90
    assert_reconciled()


def test_holds_and_debits_share_what_is_available() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="16.00")

    def racer(number: int) -> object:
        if number % 2:
            return post_transaction(principal=ANYONE, wallet_id=wallet.id, amount="-1.00", txid=f"T{number}")
        return create_hold(principal=ANYONE, wallet_id=wallet.id, amount="1.00", txid=f"H{number}")

    assert tally(at_once(partial(racer, number) for number in range(RACERS))) == {
        "done": 16,
        "insufficient_funds": 16,
    }
    after = Wallet.objects.get(id=wallet.id)
    assert (after.available, after.held) == (0, Hold.objects.count())
    assert_reconciled()


def test_captures_pay_in_opposite_directions() -> None:
    wallets = [open_wallet(principal=ANYONE, label=label, balance="50.00") for label in "AB"]
    holds = []
    for source, destination in (wallets, wallets[::-1]):
        values = {"wallet_id": source.id, "destination_id": destination.id, "amount": "16.00"}
        holds.append(create_hold(principal=ANYONE, txid=f"H{source.id}", **values))
    calls = [
        partial(capture, hold_id=each.id, txid=f"C{each.id}.{n}.", amount="1.00") for n in range(16) for each in holds
    ]
    assert tally(at_once(calls)) == {"done": 32}
    assert [each.balance for each in Wallet.objects.order_by("id")] == [50, 50]
    assert_reconciled()


def test_a_freeze_lets_captures_pass() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="16.00")
    held = hold(wallet, "16.00")
    calls: list[Callable[[], object]] = [
        partial(capture, hold_id=held.id, txid=f"C{n}", amount="1.00") for n in range(16)
    ]
    calls += [
        partial(rename_wallet, principal=ANYONE, wallet_id=wallet.id, state=each) for each in ("frozen", "active") * 4
    ]
    assert tally(at_once(calls)) == {"done": 24}
    assert Hold.objects.get().state == "captured"
    assert_reconciled()


def test_a_hold_has_expired_for_everybody_before_anything_is_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose clock is behind must not release what this one has called expired."""
    past = timezone.now() - timedelta(days=1)
    wallet = open_wallet(principal=ANYONE, label="A", balance="16.00", clock=lambda: past)
    held = hold(wallet, "16.00", clock=lambda: past, expires_at=(past + timedelta(hours=1)).isoformat())
    seen, apply = [], CaptureHold.apply

    def watched(command: CaptureHold, ledger: Ledger) -> Transaction:
        seen.append(elsewhere(lambda: Hold.objects.get(id=held.id).state))
        return apply(command, ledger)

    monkeypatch.setattr(CaptureHold, "apply", watched)
    with pytest.raises(errors.HoldClosed):
        capture(hold_id=held.id, txid="C")
    assert seen == ["expired"]
    assert Entry.objects.filter(kind="expire").count() == 1
    assert_reconciled()


def test_the_live_server_sweeps() -> None:
    past = timezone.now() - timedelta(days=1)
    wallet = open_wallet(principal=ANYONE, label="A", balance="16.00", clock=lambda: past)
    hold(wallet, "16.00", clock=lambda: past, expires_at=(past + timedelta(hours=1)).isoformat())
    at_once([sweep_once] * 4)
    elsewhere(sweep_once)
    assert Hold.objects.get().state == "expired"
    assert Entry.objects.filter(kind="expire").count() == 1
    assert_reconciled()
