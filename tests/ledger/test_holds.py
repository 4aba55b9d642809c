"""Holds: money that is set aside, and what becomes of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, refused
from tests.writes import (
    amend_transaction,
    capture_hold,
    close_wallet,
    create_hold,
    delete_transaction,
    open_wallet,
    post_transaction,
    release_hold,
    rename_wallet,
    update_hold,
)
from walletsvc import errors
from walletsvc.models import Entry, Hold, Transaction, Transfer, Wallet
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def wallet() -> Wallet:
    return open_wallet(principal=ANYONE, label="A", balance="100.00", clock=lambda: NOON)


@pytest.fixture
def other() -> Wallet:
    return open_wallet(principal=ANYONE, label="B", clock=lambda: NOON)


def hold(wallet: Wallet, amount: str, txid: str = "H", **values: object) -> Hold:
    return create_hold(principal=ANYONE, clock=lambda: NOON, wallet=wallet.id, amount=amount, txid=txid, **values)


def capture(held: Hold, txid: str = "C", **values: object) -> Transaction:
    return capture_hold(principal=ANYONE, hold_id=held.id, txid=txid, clock=lambda: NOON, **values)


def release(held: Hold, **values: object) -> Hold:
    return release_hold(principal=ANYONE, hold_id=held.id, clock=lambda: NOON, **values)


def update(held: Hold, **values: object) -> Hold:
    return update_hold(principal=ANYONE, hold_id=held.id, clock=lambda: NOON, **values)


def amounts(held: Hold) -> tuple[str, str, str, str, str]:
    """Return state, amount, captured, released and remaining as they are stored."""
    row = Hold.objects.get(id=held.id)
    figures = [f"{each:.2f}" for each in (row.amount, row.captured, row.released, row.remaining)]
    return (row.state, *figures)  # type: ignore[return-value]


def funds(wallet: Wallet) -> tuple[str, str, str]:
    """Return balance, held and available."""
    row = Wallet.objects.get(id=wallet.id)
    return f"{row.balance:.2f}", f"{row.held:.2f}", f"{row.available:.2f}"


def lines(wallet: Wallet) -> list[tuple[Any, ...]]:
    """Return the wallet's lines after its opening: kind, amount, held, held after, txid, hold."""
    rows = Entry.objects.filter(wallet=wallet, sequence__gt=1).order_by("sequence")
    columns = rows.values_list("kind", "amount", "held", "held_after", "txid", "hold_id")
    return [(kind, *(f"{each:.2f}" for each in values[:3]), *values[3:]) for kind, *values in columns]


def test_a_hold_sets_money_aside_that_no_debit_can_take(wallet: Wallet) -> None:
    held = hold(wallet, "60.00", description="Hotel", metadata={"room": 7})
    assert (held.txid, held.state, held.currency, held.created_at, held.owner) == ("H", "open", "USD", NOON, "")
    assert amounts(held) == ("open", "60.00", "0.00", "0.00", "60.00")
    assert funds(wallet) == ("100.00", "60.00", "40.00")
    assert lines(wallet) == [("hold", "0.00", "60.00", "60.00", "H", held.id)]
    with refused(("insufficient_funds", "amount")) as caught:
        post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="-40.01")
    assert caught.value.context["held"] == "60.00"
    post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="-40.00")
    assert_reconciled()


def test_more_than_is_available_is_not_held(wallet: Wallet) -> None:
    hold(wallet, "60.00")
    with refused(("insufficient_funds", "amount")) as caught:
        hold(wallet, "40.01", "I")
    assert caught.value.context == {
        "balance": "100.00",
        "held": "60.00",
        "floor": "0.00",
        "available": "40.00",
        "amount": "-40.01",
        "currency": "USD",
        "wallet": wallet.id,
    }
    hold(wallet, "40.00", "I")
    assert funds(wallet) == ("100.00", "100.00", "0.00")
    assert_reconciled()


@pytest.mark.parametrize(
    ("values", "state", "figures", "line", "left"),
    [
        (
            {},
            "captured",
            ("60.00", "60.00", "0.00", "0.00"),
            ("-60.00", "-60.00", "0.00"),
            ("40.00", "0.00", "40.00"),
        ),
        (
            {"amount": "15.00"},
            "open",
            ("60.00", "15.00", "0.00", "45.00"),
            ("-15.00", "-15.00", "45.00"),
            ("85.00", "45.00", "40.00"),
        ),
        (
            {"amount": "15.00", "is_final": True},
            "captured",
            ("60.00", "15.00", "45.00", "0.00"),
            ("-15.00", "-60.00", "0.00"),
            ("85.00", "0.00", "85.00"),
        ),
        (
            {"amount": "75.00", "allow_excess": True},
            "captured",
            ("60.00", "75.00", "0.00", "0.00"),
            ("-75.00", "-60.00", "0.00"),
            ("25.00", "0.00", "25.00"),
        ),
    ],
)
def test_a_capture_takes_money_out(
    wallet: Wallet, values: dict[str, Any], state: str, figures: tuple[str, ...], line: tuple[str, ...], left: Any
) -> None:
    held = hold(wallet, "60.00")
    captured = capture(held, description="Stay", **values)
    stored = Transaction.objects.get(id=captured.id)
    assert (stored.txid, stored.hold_id, stored.transfer_id, stored.description) == ("C", held.id, None, "Stay")
    assert f"{stored.amount:.2f}" == line[0]
    assert amounts(held) == (state, *figures)
    assert lines(wallet)[1:] == [("capture", *line, "C", held.id)]
    assert funds(wallet) == left
    assert_reconciled()


def test_several_captures_take_a_hold_piece_by_piece(wallet: Wallet) -> None:
    held = hold(wallet, "60.00")
    for number, amount in enumerate(("10.00", "20.00", "29.99")):
        capture(held, f"C{number}", amount=amount)
    with refused(("hold_exceeded", "amount")) as caught:
        capture(held, "C3", amount="0.02")
    assert caught.value.context == {"remaining": "0.01", "amount": "0.02", "currency": "USD", "hold": held.id}
    capture(held, "C3")
    assert amounts(held) == ("captured", "60.00", "60.00", "0.00", "0.00")
    assert list(held.captures.order_by("id").values_list("txid", flat=True)) == ["C0", "C1", "C2", "C3"]
    assert_reconciled()


def test_excess_is_taken_only_as_far_as_it_is_available(wallet: Wallet) -> None:
    held = hold(wallet, "60.00")
    with refused(("insufficient_funds", "amount")):
        capture(held, amount="100.01", allow_excess=True)
    with refused(("hold_exceeded", "amount")):
        capture(held, amount="60.01")
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, state="frozen")
    with refused(("wallet_frozen", None)):
        capture(held, amount="60.01", allow_excess=True)
    capture(held, amount="60.00", allow_excess=True)
    assert_reconciled()


def test_what_a_frozen_wallet_lets_through(wallet: Wallet) -> None:
    first, second, third = hold(wallet, "20.00"), hold(wallet, "20.00", "I"), hold(wallet, "10.00", "J")
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, state="frozen")
    with refused(("wallet_frozen", None)):
        hold(wallet, "1.00", "K")
    with refused(("wallet_frozen", None)):
        update(first, amount="20.01")
    update(first, amount="19.00")
    capture(first, amount="5.00")
    release(first, amount="4.00")
    capture(second, "D", is_final=True, amount="1.00")
    release(third)
    assert funds(wallet) == ("94.00", "10.00", "84.00")
    assert_reconciled()


def test_a_release_gives_back(wallet: Wallet) -> None:
    held = hold(wallet, "60.00")
    assert release(held, amount="20.00").remaining == Decimal(40)
    assert amounts(held) == ("open", "60.00", "0.00", "20.00", "40.00")
    with refused(("hold_exceeded", "amount")) as caught:
        release(held, amount="40.01")
    assert caught.value.context["remaining"] == "40.00"
    release(held)
    assert amounts(held) == ("released", "60.00", "0.00", "60.00", "0.00")
    assert lines(wallet)[1:] == [
        ("release", "0.00", "-20.00", "40.00", "H", held.id),
        ("release", "0.00", "-40.00", "0.00", "H", held.id),
    ]
    assert funds(wallet) == ("100.00", "0.00", "100.00")
    assert_reconciled()


def test_a_release_after_a_capture_leaves_it_captured(wallet: Wallet) -> None:
    held = hold(wallet, "60.00")
    capture(held, amount="1.00")
    release(held)
    assert amounts(held) == ("captured", "60.00", "1.00", "59.00", "0.00")
    assert_reconciled()


def test_an_open_hold_is_raised_and_lowered(wallet: Wallet) -> None:
    held = hold(wallet, "60.00")
    with refused(("insufficient_funds", "amount")) as caught:
        update(held, amount="100.01")
    assert caught.value.context["amount"] == "-40.01"
    update(held, amount="100.00", description="More")
    capture(held, amount="10.00")
    release(held, amount="20.00")
    with refused(("hold_exceeded", "amount")) as caught:
        update(held, amount="29.99")
    assert caught.value.context == {"remaining": "70.00", "amount": "29.99", "currency": "USD", "hold": held.id}
    update(held, amount="30.01")
    assert amounts(held) == ("open", "30.01", "10.00", "20.00", "0.01")
    assert [each for each in lines(wallet) if each[0] == "adjust"] == [
        ("adjust", "0.00", "40.00", "100.00", "H", held.id),
        ("adjust", "0.00", "-69.99", "0.01", "H", held.id),
    ]
    assert update(held, amount="30.00").state == "captured"
    assert_reconciled()


def test_the_same_amount_leaves_no_line(wallet: Wallet) -> None:
    held = hold(wallet, "60.00")
    changed = update(held, amount="60", description="New", metadata={"a": 1}, expires_at=LATER.isoformat())
    assert (changed.description, changed.metadata, changed.expires_at) == ("New", {"a": 1}, LATER)
    stored = Hold.objects.get(id=held.id)
    assert (stored.description, stored.metadata, stored.expires_at) == ("New", {"a": 1}, LATER)
    assert len(lines(wallet)) == 1
    assert Wallet.objects.get(id=wallet.id).next_expiry == LATER
    assert update(held, expires_at=None).expires_at is None
    assert_reconciled()


@pytest.mark.parametrize("end", ["captured", "released"])
def test_a_hold_that_has_ended_stays_so(wallet: Wallet, end: str) -> None:
    held = hold(wallet, "60.00")
    if end == "captured":
        capture(held, amount="1.00", is_final=True)
    else:
        release(held)
    for attempt in (
        lambda: capture(held, "D"),
        lambda: capture(held, "D", amount="1.00", allow_excess=True),
        lambda: release(held),
        lambda: update(held, amount="70.00"),
        lambda: update(held, description="x"),
        lambda: update(held),
    ):
        with refused(("hold_closed", None)) as caught:
            attempt()
        assert caught.value.context == {"state": end, "hold": held.id}
    assert_reconciled()


def test_a_capture_pays_the_destination(wallet: Wallet, other: Wallet) -> None:
    held = hold(wallet, "60.00", destination=other.id)
    captured = capture(held, amount="15.00", description="Fee")
    transfer = Transfer.objects.get()
    assert (transfer.txid, transfer.description, transfer.external) == ("C", "Fee", {})
    assert captured.transfer_id == transfer.id
    legs = transfer.legs.order_by("id").values_list("id", "txid", "wallet_id", "amount", "hold_id", "description")
    assert [each[1:] for each in legs] == [
        ("C", wallet.id, Decimal(-15), held.id, "Fee"),
        ("C.2", other.id, Decimal(15), None, "Fee"),
    ]
    assert legs[0][0] == captured.id
    assert lines(wallet)[1:] == [("capture", "-15.00", "-15.00", "45.00", "C", held.id)]
    entries = Entry.objects.filter(wallet=other).values_list("kind", "amount", "txid", "hold_id")
    assert list(entries) == [("transfer_in", Decimal(15), "C.2", None)]
    capture(held, "D")
    assert (funds(wallet), funds(other)) == (("40.00", "0.00", "40.00"), ("60.00", "0.00", "60.00"))
    assert_reconciled()


def test_a_destination_that_is_closed_gets_nothing(wallet: Wallet, other: Wallet) -> None:
    held = hold(wallet, "60.00", destination=other.id)
    rename_wallet(principal=ANYONE, wallet_id=other.id, state="frozen")
    capture(held, amount="1.00")
    rename_wallet(principal=ANYONE, wallet_id=other.id, state="active")
    post_transaction(principal=ANYONE, txid="T", wallet_id=other.id, amount="-1.00")
    rename_wallet(principal=ANYONE, wallet_id=other.id, state="closed")
    with refused(("wallet_closed", None)) as caught:
        capture(held, "D")
    assert caught.value.context == {"wallet": other.id}
    with refused(("wallet_closed", "destination")):
        hold(wallet, "1.00", "I", destination=other.id)
    release(held)
    assert_reconciled()


def test_captures_are_bound(wallet: Wallet, other: Wallet) -> None:
    captured = capture(hold(wallet, "60.00"), amount="10.00")
    paid = capture(hold(wallet, "20.00", "I", destination=other.id), "D")
    for each in (captured, paid, Transaction.objects.get(txid="D.2")):
        with refused(("transaction_bound", None)) as caught:
            delete_transaction(principal=ANYONE, transaction_id=each.id)
        assert caught.value.context["hold"] == each.hold_id
        with refused(("transaction_bound", None)):
            amend_transaction(principal=ANYONE, transaction_id=each.id, amount="-1.00")
    amend_transaction(principal=ANYONE, transaction_id=captured.id, description="Only words")


def test_a_wallet_with_holds_is_neither_closed_nor_deleted(wallet: Wallet) -> None:
    held = hold(wallet, "100.00")
    with refused(("wallet_not_empty", None)):
        close_wallet(principal=ANYONE, wallet_id=wallet.id)
    capture(held)
    with refused(("transaction_bound", None)):
        close_wallet(principal=ANYONE, wallet_id=wallet.id)
    rename_wallet(principal=ANYONE, wallet_id=wallet.id, state="closed")
    with refused(("wallet_closed", None)):
        capture(held, "D")
    with refused(("wallet_closed", "wallet")):
        hold(wallet, "1.00", "I")


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"amount": "0"}, ("invalid_amount", "amount")),
        ({"amount": "-1.00"}, ("invalid_amount", "amount")),
        ({"amount": "x"}, ("invalid_amount", "amount")),
        ({"amount": "1.001"}, ("scale_exceeded", "amount")),
        ({"amount": None}, ("required", "amount")),
        ({"txid": ""}, ("blank", "txid")),
        ({"wallet": 999_999}, ("not_found", "wallet")),
        ({"wallet": None}, ("required", "wallet")),
        ({"destination": 999_999}, ("not_found", "destination")),
        ({"destination": []}, ("invalid", "destination")),
        ({"expires_at": "tomorrow"}, ("invalid", "expires_at")),
        ({"expires_at": 5}, ("invalid", "expires_at")),
        ({"expires_at": NOON.isoformat()}, ("invalid", "expires_at")),
        ({"conditions": {"sequence": 9}}, ("condition_failed", "conditions.sequence")),
        ({"conditions": {"available": {"gte": "99.01"}}}, ("condition_failed", "conditions.available.gte")),
        ({"conditions": {"nothing": 1}}, ("invalid", "conditions")),
    ],
)
def test_a_bad_hold_is_refused(wallet: Wallet, values: dict[str, Any], refusal: tuple[str, str]) -> None:
    with refused(refusal):
        create_hold(
            principal=ANYONE,
            clock=lambda: NOON,
            **({"wallet": wallet.id, "txid": "H", "amount": "1.00"} | values),
        )
    assert not Hold.objects.exists()


@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"amount": "0"}, ("invalid_amount", "amount")),
        ({"amount": "-1.00"}, ("invalid_amount", "amount")),
        ({"amount": "1.001"}, ("scale_exceeded", "amount")),
        ({"txid": "T"}, ("duplicate_txid", "txid")),
        ({"is_final": "yes"}, ("invalid", "is_final")),
        ({"allow_excess": 1}, ("invalid", "allow_excess")),
        ({"conditions": {"balance": {"gte": "100"}}}, ("condition_failed", "conditions.balance.gte")),
        ({"conditions": {"notAfter": "2020-01-01T00:00:00Z"}}, ("condition_failed", "conditions.not_after")),
    ],
)
def test_a_bad_capture_is_refused(wallet: Wallet, values: dict[str, Any], refusal: tuple[str, str]) -> None:
    post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="1.00")
    held = hold(wallet, "60.00")
    with refused(refusal):
        capture(held, **values)


def test_all_refusals_of_a_hold_are_told_at_once(wallet: Wallet) -> None:
    with refused(
        ("blank", "txid"), ("invalid_amount", "amount"), ("invalid", "expires_at"), ("invalid", "conditions")
    ):
        hold(wallet, "x", "", expires_at="x", conditions=7)


def test_the_destination_is_another_wallet_of_the_same_currency(wallet: Wallet) -> None:
    with refused(("invalid", "destination")):
        hold(wallet, "1.00", destination=wallet.id)
    yen = open_wallet(principal=ANYONE, label="Y", currency="JPY")
    with refused(("currency_mismatch", "destination")) as caught:
        hold(wallet, "1.00", destination=yen.id)
    assert caught.value.context == {"currencies": ["USD", "JPY"]}


def test_names_of_holds_are_their_own(wallet: Wallet, other: Wallet) -> None:
    post_transaction(principal=ANYONE, txid="H", wallet_id=wallet.id, amount="1.00")
    held = hold(wallet, "60.00")
    with refused(("duplicate_txid", "txid")) as caught:
        hold(wallet, "1.00")
    assert caught.value.context == {"hold": held.id, "is_same": False}
    with refused(("duplicate_txid", "txid")) as caught:
        hold(wallet, "60")
    assert caught.value.context == {"hold": held.id, "is_same": True}


def test_a_capture_that_is_repeated_is_told_so(wallet: Wallet, other: Wallet) -> None:
    for txid, values in (("C", {}), ("D", {"destination": other.id})):
        held = hold(wallet, "20.00", f"H{txid}", **values)
        captured = capture(held, txid)
        with refused(("duplicate_txid", "txid")) as caught:
            capture(held, txid)
        assert caught.value.context == {"transaction": captured.id, "is_same": True}
    post_transaction(principal=ANYONE, txid="E.2", wallet_id=other.id, amount="1.00")
    held = hold(wallet, "20.00", destination=other.id)
    with refused(("duplicate_txid", "txid")) as caught:
        capture(held, "E")
    assert caught.value.context["txid"] == "E.2"


def test_an_owner_sees_and_pays_only_its_own() -> None:
    alice = Principal(subject="alice", scopes=frozenset({"holds:write"}), owner="a")
    bob = Principal(subject="bob", scopes=frozenset({"holds:write"}), owner="b")
    own = open_wallet(principal=ANYONE, label="A", balance="10.00", owner="a")
    foreign = open_wallet(principal=ANYONE, label="B", owner="b")
    with refused(("not_found", "destination")):
        create_hold(principal=alice, txid="H", wallet=own.id, amount="1.00", destination=foreign.id)
    mixed = create_hold(principal=ANYONE, txid="H", wallet=own.id, amount="1.00", destination=foreign.id)
    with refused(("not_found", None)) as caught:
        capture_hold(principal=alice, hold_id=mixed.id, txid="C")
    assert str(foreign.id) not in caught.value.message
    for attempt in (
        lambda: capture_hold(principal=bob, hold_id=mixed.id, txid="C"),
        lambda: release_hold(principal=bob, hold_id=mixed.id),
        lambda: update_hold(principal=bob, hold_id=mixed.id, amount="2.00"),
    ):
        with refused(("not_found", None)):
            attempt()
    held = create_hold(principal=alice, txid="I", wallet=own.id, amount="2.00")
    assert held.owner == "a"
    assert capture_hold(principal=alice, hold_id=held.id, txid="C").owner == "a"
    assert capture_hold(principal=ANYONE, hold_id=mixed.id, txid="D").amount == -1
    with pytest.raises(errors.Forbidden):
        create_hold(
            principal=Principal(subject="x", scopes=frozenset({"transactions:write"})),
            txid="J",
            wallet=own.id,
            amount="1",
        )
    assert_reconciled()
