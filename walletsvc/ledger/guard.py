"""The guard: decide whether what a wallet holds may change. Pure: its arguments were read under the lock.

The first of these that fails is told: the amount's form, the wallet's state, the caller's conditions, what is
available.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.db import dialect
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.locked_wallets import LockedWallet, available
from walletsvc.models.wallet import State
from walletsvc.money import ZERO


def decide(
    wallet: LockedWallet,
    change: Decimal,
    held: Decimal = ZERO,
    *,
    field: str,
    conditions: Conditions | None = None,
    at: datetime | None = None,
) -> tuple[Decimal, Decimal]:
    """Return what the wallet's balance and held amount are after `change` and `held`, which are added to them.

    `at` is the operation's moment; only conditions need it. Raises, and names `field`: `ScaleExceeded` or
    `PrecisionExceeded` for a change that cannot be stored exactly, `WalletFrozen`, `ConditionFailed`,
    `InsufficientFunds` if less than nothing would be available, and `OutOfRange` or `PrecisionExceeded` for a balance
    that cannot be stored.
    """
    check_amount(change or held, currency=wallet.currency, field=field)
    after = money.add(wallet.balance, change)
    held_after = money.add(wallet.held, held) if held else wallet.held
    left = available(after, held_after, wallet.floor)
    if wallet.state == State.FROZEN and left < wallet.available:
        raise frozen(wallet)
    if conditions is not None:
        conditions.check(wallet, balance=after, available=left, at=at)
    if left < 0:
        raise insufficient_funds(wallet, money.subtract(change, held), field=field)
    check_stored(after, field=field)
    if held or left is not after:
        check_stored(held_after, field=field)
        check_stored(left, field=field)
    return after, held_after


def decide_floor(wallet: LockedWallet, floor: Decimal) -> None:
    """Raise what `decide` raises, with the field `floor`, unless the wallet can have this floor."""
    check_amount(floor, currency=wallet.currency, field="floor")
    left = available(wallet.balance, wallet.held, floor)
    if left < 0:
        raise insufficient_funds(wallet, money.subtract(wallet.floor, floor), field="floor")
    check_stored(left, field="floor")


def decide_state(wallet: LockedWallet, state: State) -> None:
    """Raise `WalletNotEmpty` or `Invalid` unless a wallet that is not closed can pass to this other state."""
    if state is State.CLOSED:
        if wallet.state == State.FROZEN:
            raise errors.Invalid("A frozen wallet is not closed: make it active first.", field="state")
        check_empty(wallet)


def check_stored(value: Decimal, *, field: str) -> None:
    """Raise `OutOfRange` or `PrecisionExceeded` unless a wallet can hold this much."""
    if not -money.LIMIT < value < money.LIMIT:
        raise money.out_of_range(field=field)
    money.check_precision(value, max_digits=dialect.exact_digits(), field=field)


def frozen(wallet: LockedWallet) -> errors.WalletFrozen:
    """Return the refusal of what would leave a frozen wallet."""
    return errors.WalletFrozen("The wallet is frozen: nothing leaves it.", wallet=wallet.id)


def insufficient_funds(wallet: LockedWallet, amount: Decimal, *, field: str) -> errors.InsufficientFunds:
    """Return the refusal of an `amount` that the wallet does not have available."""
    amounts = {
        "balance": wallet.balance,
        "held": wallet.held,
        "floor": wallet.floor,
        "available": wallet.available,
        "amount": amount,
    }
    return errors.InsufficientFunds(
        "The balance does not cover it.",
        field=field,
        **{name: money.format_amount(value, wallet.currency) for name, value in amounts.items()},
        currency=wallet.currency,
        # A wallet that is being opened has no id yet.
        wallet=wallet.id or None,
    )


def check_amount(amount: Decimal, *, currency: str, field: str) -> None:
    """Raise `ScaleExceeded` or `PrecisionExceeded` unless currency and database can store `amount` exactly."""
    money.check_scale(amount, currency=currency, field=field)
    money.check_precision(amount, max_digits=dialect.exact_digits(), field=field)


def check_empty(wallet: LockedWallet) -> None:
    """Raise `WalletNotEmpty` unless the wallet holds nothing, and nothing is held in it."""
    if wallet.balance or wallet.held:
        raise errors.WalletNotEmpty(
            "A wallet that holds money cannot be closed.",
            balance=money.format_amount(wallet.balance, wallet.currency),
            held=money.format_amount(wallet.held, wallet.currency),
            currency=wallet.currency,
            wallet=wallet.id,
        )
