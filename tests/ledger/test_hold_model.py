"""Any history of holds, against their rules in plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.state import assert_reconciled
from tests.writes import (
    capture_hold,
    create_hold,
    open_wallet,
    post_transaction,
    release_hold,
    rename_wallet,
    update_hold,
)
from walletsvc import errors
from walletsvc.models import Entry, Hold, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOTHING = Decimal(0)


class Refused(Exception):
    """The model refuses with this code."""


@dataclass
class ModelHold:
    amount: Decimal
    end: int | None
    pays: bool
    captured: Decimal = NOTHING
    released: Decimal = NOTHING
    left: Decimal = NOTHING
    state: str = "open"


@dataclass
class Model:
    """A wallet, the wallet that its holds may pay, and the holds, at seconds that never fall."""

    balance: Decimal = Decimal(100)
    paid: Decimal = NOTHING
    is_frozen: bool = False
    now: int = 0
    holds: list[ModelHold] = field(default_factory=list)
    lines: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)

    @property
    def held(self) -> Decimal:
        return sum((each.left for each in self.holds), NOTHING)

    def expire(self) -> None:
        due = [each for each in self.holds if each.state == "open" and each.end is not None and each.end <= self.now]
        for each in sorted(due, key=lambda hold: (hold.end, self.holds.index(hold))):
            self.lines.append(("expire", NOTHING, -each.left))
            each.released, each.left = each.released + each.left, NOTHING
            each.state = "captured" if each.captured else "expired"

    def guard(self, taken: Decimal) -> None:
        """Refuse to take what is not available, or anything from a frozen wallet."""
        if taken > 0 and self.is_frozen:
            raise Refused("wallet_frozen")
        if self.balance - self.held < taken:
            raise Refused("insufficient_funds")

    def open(self, place: int) -> ModelHold:
        if self.holds[place].state != "open":
            raise Refused("hold_closed")
        return self.holds[place]

    def close(self, hold: ModelHold) -> None:
        if not hold.left:
            hold.state = "captured" if hold.captured else "released"

    def post(self, amount: Decimal) -> None:
        self.guard(-amount)
        self.balance += amount
        self.lines.append(("post", amount, NOTHING))

    def create(self, amount: Decimal, end: int | None, pays: bool) -> None:
        if end is not None and end <= self.now:
            raise Refused("invalid")
        self.guard(amount)
        self.holds.append(ModelHold(amount, end, pays, left=amount))
        self.lines.append(("hold", NOTHING, amount))

    def capture(self, place: int, amount: Decimal | None, is_final: bool, allow_excess: bool) -> None:
        hold = self.open(place)
        taken = hold.left if amount is None else amount
        if taken > hold.left and not allow_excess:
            raise Refused("hold_exceeded")
        freed = hold.left if is_final or taken > hold.left else taken
        if taken > freed:
            self.guard(taken - freed)
        hold.captured += taken
        hold.released += max(freed - taken, NOTHING)
        hold.left -= freed
        self.balance -= taken
        self.paid += taken if hold.pays else NOTHING
        self.lines.append(("capture", -taken, -freed))
        self.close(hold)

    def release(self, place: int, amount: Decimal | None) -> None:
        hold = self.open(place)
        freed = hold.left if amount is None else amount
        if freed > hold.left:
            raise Refused("hold_exceeded")
        hold.released, hold.left = hold.released + freed, hold.left - freed
        self.lines.append(("release", NOTHING, -freed))
        self.close(hold)

    def resize(self, place: int, amount: Decimal) -> None:
        hold = self.open(place)
        change = amount - hold.amount
        if change:
            self.guard(change)
            if hold.left + change < 0:
                raise Refused("hold_exceeded")
            hold.amount, hold.left = amount, hold.left + change
            self.lines.append(("adjust", NOTHING, change))
            self.close(hold)


amounts = st.integers(1, 6000).map(lambda cents: Decimal(cents) / 100)
seconds = st.none() | st.integers(1, 60)
places = st.integers(0, 3)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("wait"), st.integers(1, 20)),
        st.tuples(st.just("freeze"), st.booleans()),
        st.tuples(st.just("post"), amounts.map(lambda amount: amount - 30).filter(bool)),
        st.tuples(st.just("create"), amounts, seconds, st.booleans()),
        st.tuples(st.just("capture"), places, st.none() | amounts, st.booleans(), st.booleans()),
        st.tuples(st.just("release"), places, st.none() | amounts),
        st.tuples(st.just("resize"), places, amounts),
    ),
    min_size=5,
    max_size=25,
)


class Ledger:
    """The same steps by the commands."""

    def __init__(self) -> None:
        self.now = 0
        self.wallet = open_wallet(principal=ANYONE, label="A", balance="100.00", clock=self.clock)
        self.paid = open_wallet(principal=ANYONE, label="B", clock=self.clock)
        self.ids: list[int] = []
        self.number = 0

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def name(self) -> dict[str, Any]:
        self.number += 1
        return {"principal": ANYONE, "clock": self.clock, "txid": f"T{self.number}"}

    def post(self, amount: Decimal) -> None:
        post_transaction(**self.name(), wallet_id=self.wallet.id, amount=str(amount))

    def create(self, amount: Decimal, end: int | None, pays: bool) -> None:
        values: dict[str, Any] = {"destination_id": self.paid.id} if pays else {}
        if end is not None:
            values["expires_at"] = (START + timedelta(seconds=end)).isoformat()
        self.ids.append(create_hold(**self.name(), wallet_id=self.wallet.id, amount=str(amount), **values).id)

    def capture(self, place: int, amount: Decimal | None, is_final: bool, allow_excess: bool) -> None:
        values: dict[str, Any] = {} if amount is None else {"amount": str(amount)}
        capture_hold(**self.name(), hold_id=self.ids[place], is_final=is_final, allow_excess=allow_excess, **values)

    def release(self, place: int, amount: Decimal | None) -> None:
        values: dict[str, Any] = {} if amount is None else {"amount": str(amount)}
        release_hold(principal=ANYONE, clock=self.clock, hold_id=self.ids[place], **values)

    def resize(self, place: int, amount: Decimal) -> None:
        update_hold(principal=ANYONE, clock=self.clock, hold_id=self.ids[place], amount=str(amount))

    def freeze(self, is_frozen: bool) -> None:
        state = "frozen" if is_frozen else "active"
        rename_wallet(principal=ANYONE, clock=self.clock, wallet_id=self.wallet.id, state=state)


def compare(model: Model, ledger: Ledger) -> None:
    """Assert that the tables are as the model."""
    wallet, paid = Wallet.objects.get(id=ledger.wallet.id), Wallet.objects.get(id=ledger.paid.id)
    assert (wallet.balance, wallet.held, wallet.available) == (model.balance, model.held, model.balance - model.held)
    assert paid.balance == model.paid
    rows = Hold.objects.order_by("id").values_list("state", "amount", "captured", "released", "remaining")
    expected = [(each.state, each.amount, each.captured, each.released, each.left) for each in model.holds]
    assert list(rows) == expected
    kinds = Entry.objects.filter(wallet=wallet, sequence__gt=1).exclude(kind="settings").order_by("sequence")
    assert list(kinds.values_list("kind", "amount", "held")) == model.lines


def run(history: list[tuple[Any, ...]]) -> None:
    model, ledger = Model(), Ledger()
    for step, *values in history:
        if step == "wait":
            model.now += values[0]
            ledger.now = model.now
            continue
        if step in ("capture", "release", "resize") and values[0] >= len(model.holds):
            continue
        if step == "create" and values[1] is not None:
            values[1] += model.now - 5
        model.expire()
        if step == "freeze":
            model.is_frozen = values[0]
            ledger.freeze(values[0])
        else:
            told, refused = None, None
            try:
                getattr(model, step)(*values)
            except Refused as refusal:
                told = str(refusal)
            try:
                getattr(ledger, step)(*values)
            except errors.WalletError as refusal:
                refused = refusal.code
            assert refused == told, f"{step} {values}"
        compare(model, ledger)
    assert_reconciled()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=steps)
def test_any_history_of_holds_keeps_to_the_rules(history: list[tuple[Any, ...]]) -> None:
    block = transaction.atomic()
    # As in the tests' own: a durable transaction inside is none of its own.
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        run(history)
        transaction.set_rollback(True)
