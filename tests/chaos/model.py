"""What clients of a ledger know of it: what all accepted answers come to, with plain decimals."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

Legs = tuple[tuple[str, Decimal], ...]
"""Wallets, and what each of them gets."""


class Model:
    """All accepted answers, added up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.currencies: dict[str, str] = {}
        """By wallet."""
        self.balances: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.held: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.received: defaultdict[str, Decimal] = defaultdict(Decimal)
        self.paid: defaultdict[str, Decimal] = defaultdict(Decimal)
        """By currency."""
        self.accepted: defaultdict[str, int] = defaultdict(int)
        self.refused: defaultdict[str, int] = defaultdict(int)
        self.stored: defaultdict[str, set[str]] = defaultdict(set)
        """The ids of all that was accepted and is still there, by type."""
        self.repeats = 0

    def wallets_in(self, currency: str) -> list[str]:
        """Return the wallets of a currency."""
        return [wallet for wallet, found in self.currencies.items() if found == currency]

    def change(self, *legs: tuple[str, Decimal], outside: Decimal = Decimal(), held: Decimal = Decimal()) -> None:
        """Add what changes balances, what the outside gets in the first wallet's currency, what that wallet holds."""
        with self._lock:
            for wallet, amount in legs:
                self.balances[wallet] += amount
            first = legs[0][0]
            self.held[first] += held
            currency = self.currencies[first]
            if outside > 0:
                self.paid[currency] += outside
            else:
                self.received[currency] -= outside


@dataclass
class Held:
    """A hold that its only client knows, without an expiry."""

    id: str
    wallet: str
    destination: str | None
    remaining: Decimal


@dataclass(frozen=True)
class Moved:
    """A transfer that has not been reversed."""

    legs: Legs
    outside: Decimal
