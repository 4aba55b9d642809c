"""Clients that do whatever a ledger can, through both faces, and repeat each request until they know its outcome."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

import httpx

from tests.chaos.acts import CAPTURE, HOLD, POST, RELEASE, REVERSE, REVERSE_TRANSFER, TRANSFER
from tests.chaos.asking import Asking
from tests.chaos.model import Held, Model, Moved

EXPIRES_AFTER_SECONDS = 1.5
NOTHING = Decimal()


@dataclass
class Spender:
    """Does random things, one after the other, until it is told to stop."""

    url: str
    name: str
    model: Model
    seed: int
    is_over: threading.Event
    surprises: list[str] = field(default_factory=list)
    ACTIONS: ClassVar[list[str]] = [
        *(
            "post",
            "post",
            "post",
            "transfer",
            "transfer",
            "transfer",
            "hold",
            "hold",
            "capture",
            "capture",
            "capture",
        ),
        *("release", "expiring_hold", "reverse", "reverse", "amend", "delete", "freeze", "impossible_batch"),
        *("batch", "move", "floor", "exchange", "undo", "undo"),
    ]

    def run(self) -> None:
        self.random = random.Random(self.seed)
        self.holds: list[Held] = []
        self.moved: dict[str, Moved] = {}
        self.posted: dict[str, tuple[str, Decimal, Decimal]] = {}
        """Wallet, amount and what is reversed of each transaction of its own."""
        try:
            with httpx.Client(base_url=self.url, timeout=30) as client:
                self.ask = Asking(client, self.random, self.name, self.model)
                while not self.is_over.is_set():
                    getattr(self, self.random.choice(self.ACTIONS))()
        except BaseException as error:
            self.surprises.append(repr(error))

    # -- posts -----------------------------------------------------------------------------------------

    def post(self) -> None:
        wallet, amount = self._wallet(), self._amount()
        made = self.ask.make(POST, txid=self.ask.new_name(), wallet=wallet, amount=f"{amount}")
        if made is not None:
            self._note_post(made, wallet, amount)

    def batch(self) -> None:
        """Post a few transactions, all or none."""
        planned = [(self._wallet(), self._amount()) for _ in range(self.random.randint(2, 4))]
        rows = [{"txid": self.ask.new_name(), "wallet": each, "amount": f"{amount}"} for each, amount in planned]
        for made, (wallet, amount) in zip(self.ask.make_all(rows), planned, strict=False):
            self._note_post(made, wallet, amount)

    def impossible_batch(self) -> None:
        """Ask for two posts, of which the second is beyond all money: nothing happens."""
        wallet = self._wallet()
        amounts = ("1.00", "-99999999.00")
        rows = [{"txid": self.ask.new_name(), "wallet": wallet, "amount": amount} for amount in amounts]
        if self.ask.make_all(rows):
            self.surprises.append("A batch beyond all money was accepted.")

    def amend(self) -> None:
        found = self._unreversed()
        if found is not None:
            identifier, wallet, old = found
            new = self._amount()
            path = f"/api/transactions/{identifier}/"
            if self.ask.change("PATCH", "Transaction", path, identifier, amount=f"{new}"):
                self.model.accepted["amend"] += 1
                self.posted[identifier] = (wallet, new, NOTHING)
                self.model.change((wallet, new - old), outside=old - new)

    def move(self) -> None:
        """Give a transaction to another wallet: no money crosses the border."""
        found = self._unreversed()
        if found is not None:
            identifier, wallet, amount = found
            other = self._wallet(beside=wallet)
            if self.ask.change("PATCH", "Transaction", f"/api/transactions/{identifier}/", identifier, wallet=other):
                self.model.accepted["move"] += 1
                self.posted[identifier] = (other, amount, NOTHING)
                self.model.change((wallet, -amount), (other, amount))

    def delete(self) -> None:
        found = self._unreversed()
        if found is not None:
            identifier, wallet, amount = found
            if self.ask.change("DELETE", "Transaction", f"/api/transactions/{identifier}/", identifier):
                del self.posted[identifier]
                self.model.stored["Transaction"].discard(identifier)
                self.model.accepted["delete"] += 1
                self.model.change((wallet, -amount), outside=amount)

    def reverse(self) -> None:
        if self.posted:
            identifier = self.random.choice([*self.posted])
            wallet, amount, taken = self.posted[identifier]
            part = min(abs(amount) - taken, abs(self._amount()))
            made = None
            if part:
                made = self.ask.make(REVERSE, identifier, txid=self.ask.new_name(), amount=f"{part}")
            if made is not None:
                back = -part if amount > 0 else part
                self.posted[identifier] = (wallet, amount, taken + part)
                self.model.change((wallet, back), outside=-back)

    # -- transfers -------------------------------------------------------------------------------------

    def transfer(self) -> None:
        currency = self._currency()
        wallets = self.model.wallets_in(currency)
        legs = [(self.random.choice(wallets), self._amount()) for _ in range(self.random.randint(1, 7))]
        total = sum((amount for _, amount in legs), NOTHING)
        outside = NOTHING
        if total and self.random.random() < 0.5:
            outside = -total
        elif total:
            legs.append((self.random.choice(wallets), -total))
        self._move_all(legs, currency, outside)

    def exchange(self) -> None:
        """Change money at a wallet of each currency: four legs, each currency sums to 0."""
        legs = []
        for currency in ("USD", "EUR"):
            giver, taker = self.random.sample(self.model.wallets_in(currency), 2)
            amount = abs(self._amount())
            legs += [(giver, -amount), (taker, amount)]
        self._move_all(legs, "USD", NOTHING)

    def undo(self) -> None:
        """Reverse a whole transfer."""
        if self.moved:
            identifier = self.random.choice([*self.moved])
            moved = self.moved[identifier]
            if self.ask.make(REVERSE_TRANSFER, identifier, txid=self.ask.new_name()) is not None:
                del self.moved[identifier]
                legs = [(wallet, -amount) for wallet, amount in moved.legs]
                self.model.change(*legs, outside=-moved.outside)

    # -- holds -----------------------------------------------------------------------------------------

    def hold(self) -> None:
        wallet, amount = self._wallet(), abs(self._amount())
        destination = self._wallet(beside=wallet) if self.random.random() < 0.7 else None
        given = {} if destination is None else {"destination": destination}
        made = self.ask.make(HOLD, txid=self.ask.new_name(), wallet=wallet, amount=f"{amount}", **given)
        if made is not None:
            self.holds.append(Held(made, wallet, destination, amount))
            self.model.change((wallet, NOTHING), held=amount)

    def expiring_hold(self) -> None:
        """Hold what nobody captures: in the end nothing of it is left."""
        ends = datetime.now(UTC) + timedelta(seconds=EXPIRES_AFTER_SECONDS)
        amount = f"{abs(self._amount())}"
        given = {"wallet": self._wallet(), "amount": amount, "expiresAt": ends.isoformat()}
        self.ask.make(HOLD, txid=self.ask.new_name(), **given)

    def capture(self) -> None:
        if not self.holds:
            return
        held = self.random.choice(self.holds)
        excess = self.random.random() < 0.2
        amount = held.remaining + 1 if excess else min(held.remaining, abs(self._amount()))
        final = self.random.random() < 0.3
        flags = {"isFinal": final, "allowExcess": excess}
        made = self.ask.make(CAPTURE, held.id, txid=self.ask.new_name(), amount=f"{amount}", **flags)
        if made is not None:
            freed = held.remaining if final or excess else amount
            self._free(held, freed)
            legs = [(held.wallet, -amount)]
            if held.destination is not None:
                legs.append((held.destination, amount))
            self.model.change(*legs, outside=NOTHING if held.destination else amount, held=-freed)

    def release(self) -> None:
        if self.holds:
            held = self.random.choice(self.holds)
            amount = min(held.remaining, abs(self._amount()))
            if self.ask.make(RELEASE, held.id, amount=f"{amount}") is not None:
                self._free(held, amount)
                self.model.change((held.wallet, NOTHING), held=-amount)

    # -- wallets ---------------------------------------------------------------------------------------

    def freeze(self) -> None:
        wallet = self._wallet()
        for state in ("frozen", "active"):
            self.ask.change("PATCH", "Wallet", f"/api/wallets/{wallet}/", wallet, state=state)

    def floor(self) -> None:
        """Give a wallet a credit line, a minimum or neither: that moves no money."""
        wallet, floor = self._wallet(), self.random.choice(["-50.00", "0.00", "10.00"])
        if self.ask.change("PATCH", "Wallet", f"/api/wallets/{wallet}/", wallet, floor=floor):
            self.model.accepted["floor"] += 1

    # -- what it knows ---------------------------------------------------------------------------------

    def _note_post(self, made: str, wallet: str, amount: Decimal) -> None:
        self.posted[made] = (wallet, amount, NOTHING)
        self.model.change((wallet, amount), outside=-amount)

    def _move_all(self, legs: list[tuple[str, Decimal]], currency: str, outside: Decimal) -> None:
        """Post a transfer; the outside gets some of its first leg's currency."""
        values = [{"wallet": wallet, "amount": f"{amount}"} for wallet, amount in legs]
        external = [{"currency": currency, "amount": f"{outside}"}] if outside else []
        made = self.ask.make(TRANSFER, txid=self.ask.new_name(), legs=values, external=external)
        if made is not None:
            self.moved[made] = Moved(tuple(legs), outside)
            self.model.change(*legs, outside=outside)

    def _free(self, held: Held, amount: Decimal) -> None:
        held.remaining -= amount
        if not held.remaining:
            self.holds.remove(held)

    def _unreversed(self) -> tuple[str, str, Decimal] | None:
        mine = [(each, wallet, amount) for each, (wallet, amount, taken) in self.posted.items() if not taken]
        return self.random.choice(mine) if mine else None

    def _currency(self) -> str:
        return self.random.choice(["USD", "USD", "EUR"])

    def _wallet(self, *, beside: str | None = None) -> str:
        """Return a wallet, or another one of the same currency."""
        currency = self._currency() if beside is None else self.model.currencies[beside]
        return self.random.choice([each for each in self.model.wallets_in(currency) if each != beside])

    def _amount(self) -> Decimal:
        return Decimal(self.random.choice([-1, 1]) * self.random.randint(1, 3000)) / 100
