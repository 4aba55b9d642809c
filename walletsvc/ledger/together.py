"""Decide several changes that happen together, or not at all. Pure: the wallets were read under the lock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.guard import check_amount, check_stored, frozen, insufficient_funds
from walletsvc.ledger.locked_wallets import LockedWallet, available
from walletsvc.models import Transaction
from walletsvc.models.wallet import State
from walletsvc.money import ZERO


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """The names of the inputs that a leg was made from."""

    wallet: str = "wallet"
    amount: str = "amount"
    conditions: str = "conditions"


@dataclass(frozen=True, slots=True)
class Leg:
    """A transaction that happens together with others, if the conditions hold for its wallet."""

    transaction: Transaction
    conditions: Conditions | None = None
    inputs: Inputs = field(default_factory=Inputs)

    @property
    def is_debit(self) -> bool:
        """Tell whether it takes from its wallet."""
        return self.transaction.amount < 0


Legs = Sequence[tuple[Leg, LockedWallet]]
"""Legs, each with its wallet."""


def decide_together(legs: Legs, *, at: datetime) -> None:
    """Raise the refusal of the legs, unless all of them can be applied.

    `at` is the operation's moment. A wallet is judged by the sum of its legs, and what `decide` checks of one change
    is checked here of all, step by step: first the amounts, then the states, the conditions, and what is available.
    """
    nets: dict[int, Decimal] = {}
    for leg, wallet in legs:
        amount = leg.transaction.amount
        check_amount(amount, currency=wallet.currency, field=leg.inputs.amount)
        nets[wallet.id] = money.add(nets.get(wallet.id, ZERO), amount)
    for _, wallet in legs:
        if wallet.state == State.FROZEN and nets[wallet.id] < 0:
            raise frozen(wallet)
    for leg, wallet in legs:
        if leg.conditions is not None:
            balance, left = _after(wallet, nets[wallet.id])
            leg.conditions.check(wallet, balance=balance, available=left, at=at, field=leg.inputs.conditions)
    for leg, wallet in legs:
        _, left = _after(wallet, nets[wallet.id])
        if left < 0 and leg.is_debit:
            raise insufficient_funds(wallet, nets[wallet.id], field=leg.inputs.amount)
        check_stored(left, field=leg.inputs.amount)
    balances = {wallet.id: wallet.balance for _, wallet in legs}
    for leg, wallet in credits_first(legs):
        balances[wallet.id] = money.add(balances[wallet.id], leg.transaction.amount)
        check_stored(balances[wallet.id], field=leg.inputs.amount)


def credits_first(legs: Legs) -> Iterator[tuple[Leg, LockedWallet]]:
    """Yield the credits, then the debits, so that no balance in between is below both the first and the last."""
    for is_debit in (False, True):
        yield from (each for each in legs if each[0].is_debit is is_debit)


def _after(wallet: LockedWallet, change: Decimal) -> tuple[Decimal, Decimal]:
    """Return the wallet's balance after a change, and what is available then."""
    balance = money.add(wallet.balance, change)
    return balance, available(balance, wallet.held, wallet.floor)


def check_balanced(legs: Legs, external: Mapping[str, Decimal], *, field: str) -> None:
    """Raise `Unbalanced`, which names `field`, unless the legs and `external` of each currency sum to 0."""
    sums: dict[str, Decimal] = dict(external)
    for leg, wallet in legs:
        sums[wallet.currency] = money.add(sums.get(wallet.currency, ZERO), leg.transaction.amount)
    wrong = {currency: money.format_amount(amount, currency) for currency, amount in sums.items() if amount}
    if wrong:
        found = ", ".join(f"{amount} {currency}" for currency, amount in wrong.items())
        raise errors.Unbalanced(
            f"What a transfer moves must sum to 0 in each currency: it sums to {found}.", field=field, sums=wrong
        )
