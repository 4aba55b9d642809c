"""Holds end exactly at their moment: alone, in company, and whatever becomes of the command that finds them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from tests.ledger.callers import codes
from tests.ledger.state import assert_reconciled
from tests.writes import capture_hold, create_hold, open_wallet, post_transaction, release_hold, update_hold
from walletsvc import errors
from walletsvc.commands import expiry
from walletsvc.commands.execute import execute_once
from walletsvc.commands.expiry import count_due, sweep
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.runner import Runner
from walletsvc.commands.transactions import PostTransaction
from walletsvc.models import Entry, Hold, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
END = NOON + timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="A", balance="100.00", clock=lambda: NOON)


def hold(wallet: Wallet, amount: str = "100.00", txid: str = "H", at: datetime = END) -> Hold:
    values = {"wallet": wallet.id, "amount": amount, "txid": txid, "expires_at": at.isoformat()}
    return create_hold(principal=ANYONE, clock=lambda: NOON, **values)


def debit(wallet: Wallet, at: datetime, amount: str = "-100.00", txid: str = "T") -> Transaction:
    return post_transaction(principal=ANYONE, wallet_id=wallet.id, amount=amount, txid=txid, clock=lambda: at)


def lines(wallet: Wallet) -> list[tuple[str, str, str, str]]:
    """Return the wallet's lines after its opening: kind, amount, held, and who made it."""
    rows = Entry.objects.filter(wallet=wallet, sequence__gt=1).order_by("sequence")
    columns = rows.values_list("kind", "amount", "held", "principal")
    return [(kind, f"{amount:.2f}", f"{held:.2f}", by) for kind, amount, held, by in columns]


EXPIRED = ("expire", "0.00", "-100.00", "system")


def test_a_debit_is_refused_before_the_moment_and_accepted_at_it(wallet: Wallet) -> None:
    held = hold(wallet)
    with pytest.raises(errors.InsufficientFunds):
        debit(wallet, END - MICROSECOND)
    assert Hold.objects.get(id=held.id).state == "open"
    debit(wallet, END)
    assert lines(wallet)[1:] == [EXPIRED, ("post", "-100.00", "0.00", "anonymous")]
    stored = Hold.objects.get(id=held.id)
    assert (stored.state, stored.released, stored.remaining, stored.updated_at) == ("expired", 100, 0, END)
    assert Wallet.objects.get(id=wallet.id).next_expiry is None
    assert_reconciled()


def test_nothing_is_captured_at_the_moment_and_the_end_is_written_all_the_same(wallet: Wallet) -> None:
    held = hold(wallet)
    with pytest.raises(errors.HoldClosed) as caught:
        capture_hold(principal=ANYONE, hold_id=held.id, txid="C", clock=lambda: END)
    assert caught.value.context == {"state": "expired", "hold": held.id}
    assert lines(wallet)[1:] == [EXPIRED]
    assert Wallet.objects.get(id=wallet.id).available == 100
    assert_reconciled()


@pytest.mark.parametrize("change", [release_hold, update_hold])
def test_no_other_change_comes_too_late(wallet: Wallet, change: object) -> None:
    held = hold(wallet)
    with pytest.raises(errors.HoldClosed):
        change(principal=ANYONE, hold_id=held.id, clock=lambda: END)  # type: ignore[operator]
    assert lines(wallet)[1:] == [EXPIRED]


def test_a_capture_of_a_part_ends_as_captured(wallet: Wallet) -> None:
    held = hold(wallet)
    capture_hold(principal=ANYONE, hold_id=held.id, txid="C", amount="30.00", clock=lambda: END - MICROSECOND)
    debit(wallet, END, "-70.00")
    stored = Hold.objects.get(id=held.id)
    assert (stored.state, stored.captured, stored.released, stored.remaining) == ("captured", 30, 70, 0)
    assert lines(wallet)[2] == ("expire", "0.00", "-70.00", "system")
    assert_reconciled()


def test_a_refusal_keeps_the_ends_of_others(wallet: Wallet) -> None:
    hold(wallet, "60.00")
    with pytest.raises(errors.InsufficientFunds) as caught:
        debit(wallet, END, "-100.01")
    assert caught.value.context["available"] == "100.00"
    assert lines(wallet)[1:] == [("expire", "0.00", "-60.00", "system")]
    assert_reconciled()


def test_a_duplicate_keeps_the_ends_of_others(wallet: Wallet) -> None:
    debit(wallet, NOON, "-1.00")
    hold(wallet, "60.00")
    with pytest.raises(errors.DuplicateTxid):
        debit(wallet, END, "-1.00")
    assert lines(wallet)[-1] == ("expire", "0.00", "-60.00", "system")
    assert_reconciled()


def test_a_replay_keeps_the_ends_of_others(wallet: Wallet) -> None:
    command = PostTransaction.parse({"txid": "T", "wallet": wallet.id, "amount": "-40"})
    first = execute_once(command, by=ANYONE, key="k", clock=lambda: NOON)
    hold(wallet, "60.00")
    again = execute_once(command, by=ANYONE, key="k", clock=lambda: END)
    assert (again.is_replay, again.results[0].id) == (True, first.results[0].id)
    assert lines(wallet)[-1] == ("expire", "0.00", "-60.00", "system")
    assert_reconciled()


@pytest.mark.parametrize("neighbour", ["-100.01", "1.00"])
def test_a_group_lets_holds_end_at_the_moment(wallet: Wallet, neighbour: str) -> None:
    hold(wallet)
    other = open_wallet(principal=ANYONE, label="B", balance="100.00", clock=lambda: NOON)

    def together(at: datetime) -> list[str]:
        posts = [(wallet, "-100.00", f"T{at}"), (other, neighbour, f"N{at}")]
        batches = [
            [PostTransaction.parse({"txid": txid, "wallet": each.id, "amount": amount})]
            for each, amount, txid in posts
        ]
        return codes(Runner(ANYONE, lambda: at).together(batches))

    theirs = "done" if neighbour == "1.00" else "insufficient_funds"
    assert together(END - MICROSECOND) == ["insufficient_funds", theirs]
    assert lines(wallet)[1:] == []
    assert together(END) == ["done", theirs]
    assert lines(wallet)[1:] == [EXPIRED, ("post", "-100.00", "0.00", "anonymous")]
    assert_reconciled()


def test_a_group_of_refused_posts_keeps_the_ends(wallet: Wallet) -> None:
    hold(wallet)
    batches = [[PostTransaction.parse({"txid": f"T{n}", "wallet": wallet.id, "amount": "-100.01"})] for n in range(2)]
    outcomes = Runner(ANYONE, lambda: END).together(batches)
    assert all(isinstance(each, Refused) for each in outcomes)
    assert lines(wallet)[1:] == [EXPIRED]
    assert_reconciled()


def test_an_end_can_be_moved(wallet: Wallet) -> None:
    held = hold(wallet)
    later = END + timedelta(hours=1)
    update_hold(principal=ANYONE, hold_id=held.id, expires_at=later.isoformat(), clock=lambda: NOON)
    with pytest.raises(errors.InsufficientFunds):
        debit(wallet, END)
    post_transaction(principal=ANYONE, wallet_id=wallet.id, amount="1.00", txid="U", clock=lambda: END)
    assert Wallet.objects.get(id=wallet.id).next_expiry == later
    assert_reconciled()


def test_a_sooner_end_is_kept_to(wallet: Wallet) -> None:
    held = hold(wallet)
    update_hold(principal=ANYONE, hold_id=held.id, expires_at=(NOON + MICROSECOND).isoformat(), clock=lambda: NOON)
    debit(wallet, NOON + MICROSECOND)
    assert lines(wallet)[1] == EXPIRED


def test_holds_end_one_after_the_other(wallet: Wallet) -> None:
    ends = [END + timedelta(minutes=minute) for minute in range(3)]
    for number, end in enumerate(ends):
        hold(wallet, "10.00", f"H{number}", at=end)
    for number, end in enumerate(ends):
        post_transaction(
            principal=ANYONE, wallet_id=wallet.id, amount="1.00", txid=f"T{number}", clock=lambda end=end: end
        )
        row = Wallet.objects.get(id=wallet.id)
        assert (row.held, row.next_expiry) == (20 - 10 * number, ends[number + 1] if number < 2 else None)
    assert_reconciled()


def test_a_sweep_takes_a_few_wallets_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "HOLDS_A_COMMIT", 2)
    wallets = [
        open_wallet(principal=ANYONE, label=f"W{number}", balance="10.00", clock=lambda: NOON) for number in range(5)
    ]
    for number, each in enumerate(wallets):
        hold(each, "4.00", f"H{number}")
        hold(each, "5.00", f"I{number}", at=END + timedelta(days=900))
    assert count_due(at=END - MICROSECOND) == 0
    assert list(sweep(clock=lambda: END - MICROSECOND)) == []
    assert count_due(at=END) == 5
    assert list(sweep(clock=lambda: END)) == [2, 2, 1]
    assert [f"{each.held:.2f}" for each in Wallet.objects.all()] == ["5.00"] * 5
    assert list(sweep(clock=lambda: END)) == []
    assert_reconciled()


def test_the_command_says_what_it_does(wallet: Wallet) -> None:
    for number in range(3):
        hold(wallet, "10.00", f"H{number}")
    out = StringIO()
    call_command("expire_holds", stdout=out, no_color=True)
    assert out.getvalue().splitlines() == ["3 of 3", "3 holds have expired."]
    out = StringIO()
    call_command("expire_holds", stdout=out, no_color=True)
    assert out.getvalue().splitlines() == ["0 holds have expired."]
    assert_reconciled()
