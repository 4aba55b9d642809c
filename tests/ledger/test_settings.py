"""Floors and states of wallets: what they let through, and the lines that they leave in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection

from tests.ledger.state import assert_reconciled, balance, lines, refused, snapshot
from tests.writes import close_wallet, open_wallet, post_transaction, rename_wallet
from walletsvc.errors import WalletError
from walletsvc.models import Entry, Wallet
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="A", balance="10.00", clock=lambda: MORNING)


def change(wallet: Wallet, **values: object) -> Wallet:
    return rename_wallet(principal=ANYONE, wallet_id=wallet.id, **values)


def post(wallet: Wallet, amount: str, txid: str = "T") -> None:
    post_transaction(principal=ANYONE, txid=txid, wallet_id=wallet.id, amount=amount)


def details() -> list[tuple[str, int, dict[str, Any]]]:
    rows = Entry.objects.filter(kind="settings").order_by("id").values_list("principal", "sequence", "detail")
    return list(rows)


def test_a_credit_line_is_used_up_to_its_end(wallet: Wallet) -> None:
    changed = change(wallet, floor="-50")
    assert (changed.floor, changed.available, changed.sequence) == (Decimal(-50), Decimal(60), 2)
    post(wallet, "-60.00", "T1")
    assert balance(wallet.id) == "-50.00"
    with refused(("insufficient_funds", "amount")) as caught:
        post(wallet, "-0.01", "T2")
    assert caught.value.context["available"] == "0.00"
    post(wallet, "60.00", "T3")
    assert lines(wallet.id)[1] == (2, "settings", "0.00", "10.00", "")
    assert_reconciled()


def test_a_minimum_stays(wallet: Wallet) -> None:
    change(wallet, floor="4.00")
    with refused(("insufficient_funds", "amount")):
        post(wallet, "-6.01")
    post(wallet, "-6.00")
    with refused(("insufficient_funds", "floor")) as caught:
        change(wallet, floor="4.01")
    assert (caught.value.context["available"], caught.value.context["amount"]) == ("0.00", "-0.01")
    assert_reconciled()


def test_a_change_of_settings_is_one_line_that_says_who_changed_what(wallet: Wallet) -> None:
    auditor = Principal("auditor", frozenset({"admin"}))
    changed = rename_wallet(
        principal=auditor, wallet_id=wallet.id, floor="-1.5", state="frozen", label="B", clock=lambda: MORNING
    )
    assert (changed.state, changed.floor, changed.label, changed.sequence) == ("frozen", Decimal("-1.5"), "B", 2)
    assert details() == [("auditor", 2, {"floor": ["0.00", "-1.50"], "state": ["active", "frozen"]})]
    stored = Wallet.objects.get(id=wallet.id)
    shown = (changed.state, changed.floor, changed.available, changed.sequence, changed.label, changed.updated_at)
    assert (
        stored.state,
        stored.floor,
        stored.available,
        stored.sequence,
        stored.label,
        stored.updated_at,
    ) == shown
    # The same again changes nothing.
    before = snapshot()
    change(wallet, floor="-1.50", state="frozen")
    assert snapshot() == before
    assert_reconciled()


def test_a_frozen_wallet_takes_money_and_lets_none_out(wallet: Wallet) -> None:
    change(wallet, state="frozen")
    post(wallet, "5.00", "T1")
    with refused(("wallet_frozen", None)) as caught:
        post(wallet, "-0.01", "T2")
    assert caught.value.context == {"wallet": wallet.id}
    with refused(("wallet_frozen", None)):
        close_wallet(principal=ANYONE, wallet_id=wallet.id)
    with refused(("invalid", "state")):
        change(wallet, state="closed")
    change(wallet, label="Renamed")
    change(wallet, state="active")
    post(wallet, "-15.00", "T2")
    assert [each[1] for each in lines(wallet.id)] == ["opening", "settings", "post", "settings", "post"]
    assert_reconciled()


def test_a_closed_wallet_accepts_nothing_and_stays_closed(wallet: Wallet) -> None:
    with refused(("wallet_not_empty", None)):
        change(wallet, state="closed")
    post(wallet, "-10.00", "T1")
    change(wallet, state="closed")
    before = snapshot()
    with refused(("wallet_closed", "wallet")):
        post(wallet, "1.00", "T2")
    calls = [
        lambda: change(wallet, state="active"),
        lambda: change(wallet, label="B"),
        lambda: change(wallet, floor="-1"),
        lambda: close_wallet(principal=ANYONE, wallet_id=wallet.id),
    ]
    for call in calls:
        with refused(("wallet_closed", None)) as caught:
            call()
        assert caught.value.context == {"wallet": wallet.id}
    with refused(("duplicate_label", "label")):
        open_wallet(principal=ANYONE, label="A")
    assert snapshot() == before
    assert_reconciled()


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"floor": "1.001"}, ("scale_exceeded", "floor")),
        ({"floor": "many"}, ("invalid_amount", "floor")),
        ({"floor": "10.01"}, ("insufficient_funds", "floor")),
        ({"state": "open"}, ("invalid", "state")),
        ({"state": None}, ("invalid", "state")),
        ({"state": ["active"]}, ("invalid", "state")),
    ],
)
def test_settings_that_cannot_be_are_refused(
    wallet: Wallet, values: dict[str, object], refusal: tuple[str, str]
) -> None:
    before = snapshot()
    with refused(refusal):
        change(wallet, **values)
    assert snapshot() == before


def test_what_is_available_stays_within_the_limit() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="50000000000000000000", currency="USD")
    with refused(("out_of_range", "floor")):
        change(wallet, floor="-60000000000000000000")


def test_settings_are_not_chosen_when_a_wallet_is_opened() -> None:
    for values in ({"floor": "-5"}, {"state": "frozen"}):
        with refused(("invalid", next(iter(values)))):
            open_wallet(principal=ANYONE, label="A", **values)
    assert Wallet.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_sixteen_debits_at_once_use_a_credit_line_to_its_end_and_not_beyond() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="100")
    change(wallet, floor="-50")
    start, results = Barrier(16), []

    def debit(number: int) -> None:
        try:
            start.wait(30)
            post(wallet, "-10", f"T{number}")
            results.append("done")
        except Exception as error:
            results.append(getattr(error, "code", repr(error)))
        finally:
            connection.close()

    threads = [Thread(target=debit, args=[number]) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(results) == ["done"] * 15 + ["insufficient_funds"]
    assert balance(wallet.id) == "-50.00"
    assert_reconciled()


@pytest.mark.django_db(transaction=True)
def test_a_floor_that_rises_while_debits_run_is_kept_at_every_line() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="100")
    change(wallet, floor="-50")
    start, codes = Barrier(17), []

    def work(calls: Sequence[Callable[[], object]]) -> None:
        try:
            start.wait(30)
            for call in calls:
                try:
                    call()
                except WalletError as refusal:
                    codes.append(refusal.code)
        finally:
            connection.close()

    debits = [[partial(post, wallet, "-10", f"T{number}")] for number in range(16)]
    rises = [partial(change, wallet, floor=f"{floor}") for floor in (-40, -20, 0, 30, 60)]
    threads = [Thread(target=work, args=[calls]) for calls in (*debits, rises)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(codes) <= {"insufficient_funds"}
    assert len(codes) > 0
    floor = Decimal(0)
    for entry in Entry.objects.order_by("sequence"):
        floor = Decimal(entry.detail["floor"][1]) if "floor" in entry.detail else floor
        assert entry.balance_after >= floor, entry.sequence
    assert Wallet.objects.get().floor == floor
    assert_reconciled()


def test_fractions_that_no_real_holds_are_exact() -> None:
    """0.1, 0.2 and 0.3 are no binary fractions: SQLite keeps reals, and 0.3 - 0.1 - 0.2 of reals is below 0."""
    wallet = open_wallet(principal=ANYONE, label="A", balance="0.3")
    change(wallet, floor="0.2")
    post(wallet, "-0.1")
    assert Wallet.objects.get().available == 0
    with refused(("insufficient_funds", "amount")):
        post(wallet, "-0.01", "T2")
    assert_reconciled()


def test_the_moments_of_a_wallet_never_fall(wallet: Wallet) -> None:
    """Another server's clock may be behind: each of these is an hour before the last."""
    for number in range(1, 4):
        late = MORNING.replace(hour=8 - number)
        post_transaction(
            principal=ANYONE, txid=f"T{number}", wallet_id=wallet.id, amount="1", clock=lambda late=late: late
        )
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, state="frozen", clock=lambda: MORNING.replace(hour=9))
    post_transaction(principal=ANYONE, txid="T4", wallet_id=wallet.id, amount="1", clock=lambda: MORNING)
    moments = list(Entry.objects.order_by("sequence").values_list("created_at", flat=True))
    assert moments == [MORNING] * 4 + [MORNING.replace(hour=9)] * 2
    assert Wallet.objects.get().updated_at == MORNING.replace(hour=9)
