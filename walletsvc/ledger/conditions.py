"""Conditions that a caller sets for a change of a wallet: it happens only while they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from operator import eq, ge, gt, le, lt

from walletsvc import errors, money
from walletsvc.ledger.locked_wallets import LockedWallet

COMPARISONS = {"gt": gt, "gte": ge, "lt": lt, "lte": le, "eq": eq}
"""How a balance can be compared, by the name that both faces use."""

Bounds = Mapping[str, Decimal]
"""Amounts, by the comparison with them that must hold."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Conditions:
    """What must be true under the lock. What is None or empty is not looked at.

    `sequence` is the wallet's before the change, `balance` and `available` are those after the whole operation. Not
    later than `not_after` means that a retry which comes too late changes nothing.
    """

    sequence: int | None = None
    balance: Bounds = field(default_factory=dict)
    available: Bounds = field(default_factory=dict)
    not_after: datetime | None = None

    def check(
        self,
        wallet: LockedWallet,
        *,
        balance: Decimal,
        available: Decimal,
        at: datetime | None,
        field: str = "conditions",
    ) -> None:
        """Raise `ConditionFailed`, which says how the wallet stands, unless all of them hold.

        `balance` and `available` are those after the operation, `at` is its moment; `field` is the input that has
        the conditions.
        """
        if self.sequence is not None and self.sequence != wallet.sequence:
            raise self._failed(wallet, f"The sequence is {wallet.sequence}.", f"{field}.sequence")
        for name, bounds, value in (("balance", self.balance, balance), ("available", self.available, available)):
            for comparison, bound in bounds.items():
                if not COMPARISONS[comparison](value, bound):
                    shown = money.format_amount(value, wallet.currency)
                    raise self._failed(wallet, f"The {name} would be {shown}.", f"{field}.{name}.{comparison}")
        if self.not_after is not None and (at is None or at > self.not_after):
            raise self._failed(wallet, "It is too late.", f"{field}.not_after")

    @staticmethod
    def _failed(wallet: LockedWallet, why: str, field: str) -> errors.ConditionFailed:
        return errors.ConditionFailed(
            f"A condition does not hold: {why}",
            field=field,
            sequence=wallet.sequence,
            balance=money.format_amount(wallet.balance, wallet.currency),
            available=money.format_amount(wallet.available, wallet.currency),
            currency=wallet.currency,
            wallet=wallet.id or None,
        )
