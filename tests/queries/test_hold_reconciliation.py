"""Whoever changes a hold, or what belongs to it, past the ledger is found out."""

from __future__ import annotations

import pytest

from tests.ledger.state import assert_reconciled
from tests.writes import capture_hold, create_hold, open_wallet, release_hold
from walletsvc.models import Hold, Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.reconciliation import compute_discrepancies

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hold() -> Hold:
    """Make an open hold of 60.00, of which 10.00 was captured and 5.00 released, and two that have ended."""
    wallet = open_wallet(principal=ANYONE, label="A", balance="100.00")
    open_wallet(principal=ANYONE, label="B", balance="100.00")
    held = create_hold(principal=ANYONE, wallet_id=wallet.id, amount="60.00", txid="H")
    capture_hold(principal=ANYONE, hold_id=held.id, amount="10.00", txid="C")
    release_hold(principal=ANYONE, hold_id=held.id, amount="5.00")
    other = create_hold(principal=ANYONE, wallet_id=wallet.id, amount="1.00", txid="I")
    capture_hold(principal=ANYONE, hold_id=other.id, amount="2.00", allow_excess=True, txid="D")
    release_hold(
        principal=ANYONE,
        hold_id=create_hold(principal=ANYONE, wallet_id=wallet.id, amount="1.00", txid="J").id,
    )
    assert_reconciled()
    return held


def problems() -> list[tuple[str | None, str]]:
    return [(each.label, each.problem) for each in compute_discrepancies()]


@pytest.mark.parametrize(
    ("txid", "changes", "found"),
    [
        ("H", {"amount": 61}, "is of 61, but its entries made it 60"),
        ("H", {"captured": 11}, "says that 11 was captured, but its captures sum to 10"),
        ("H", {"released": 6}, "has 45 left of 60, but 44 was not captured or released"),
        ("H", {"remaining": 44}, "has 44 left, but its entries sum to 45"),
        ("H", {"state": "captured"}, "is captured, and has 45 left"),
        ("I", {"state": "open"}, "is open, and has 0 left"),
        ("I", {"state": "released"}, "is released, but 2 was captured"),
        ("I", {"captured": 1}, "says that 1 was captured, but its captures sum to 2"),
        ("J", {"amount": 2, "released": 2}, "is of 2, but its entries made it 1"),
        ("J", {"owner": "eve"}, "is of the owner 'eve'"),
        ("J", {"currency": "EUR"}, "is in EUR, the wallet in USD"),
    ],
)
def test_a_changed_hold_is_found(txid: str, changes: dict[str, object], found: str) -> None:
    Hold.objects.filter(txid=txid).update(**changes)
    assert ("A", f"hold {txid!r} {found}") in problems()


def test_a_hold_in_another_wallet_is_found() -> None:
    Hold.objects.filter(txid="H").update(wallet=Wallet.objects.get(label="B"))
    assert ("B", "hold 'H' is of 60, but its entries made it 0") in problems()


@pytest.mark.parametrize("hold_of", [None, "J"])
def test_a_capture_of_another_hold_is_found(hold_of: str | None) -> None:
    Transaction.objects.filter(txid="C").update(hold=Hold.objects.filter(txid=hold_of).first())
    assert ("A", "hold 'H' says that 10 was captured, but its captures sum to 0") in problems()


def test_an_amount_in_the_wallet_is_found() -> None:
    Wallet.objects.filter(label="A").update(held=46, available=42)
    assert ("A", "46 is held, but 45 remains of its open holds") in problems()
