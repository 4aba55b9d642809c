"""What becomes of a hold. Pure: its row was read under the lock of its wallet."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from walletsvc import errors, money
from walletsvc.models import Hold
from walletsvc.models.hold import HoldState
from walletsvc.money import ZERO


def check_open(hold: Hold) -> None:
    """Raise `HoldClosed` unless the hold is open."""
    if hold.state != HoldState.OPEN:
        raise errors.HoldClosed(f"The hold is {HoldState(hold.state).value}.", state=str(hold.state), hold=hold.id)


def exceeded(hold: Hold, why: str, amount: Decimal) -> errors.HoldExceeded:
    """Return the refusal of an `amount` that goes beyond what remains of the hold."""
    amounts = {"remaining": hold.remaining, "amount": amount}
    return errors.HoldExceeded(
        why,
        field="amount",
        **{name: money.format_amount(value, hold.currency) for name, value in amounts.items()},
        currency=hold.currency,
        hold=hold.id,
    )


def capture(hold: Hold, amount: Decimal, *, freed: Decimal) -> None:
    """Take a captured `amount` from what remains, and `freed` in all: what is freed beyond it counts as released."""
    hold.captured = money.add(hold.captured, amount)
    if freed > amount:
        hold.released = money.add(hold.released, money.subtract(freed, amount))
    _free(hold, freed)


def release(hold: Hold, amount: Decimal) -> None:
    """Take a released `amount` from what remains. Raises `HoldExceeded` for more."""
    if amount > hold.remaining:
        raise exceeded(hold, "It is more than remains of the hold.", amount)
    hold.released = money.add(hold.released, amount)
    _free(hold, amount)


def resize(hold: Hold, amount: Decimal) -> None:
    """Give the hold another `amount`. Raises `HoldExceeded` for less than what has been captured and released."""
    less = money.subtract(hold.amount, amount)
    if less > hold.remaining:
        raise exceeded(hold, "It is less than what has been captured and released.", amount)
    hold.amount = amount
    _free(hold, less)


def expire(hold: Hold, *, at: datetime) -> Decimal:
    """End an open hold that has come to its end, and return what it holds no longer."""
    freed = hold.remaining
    hold.released = money.add(hold.released, freed)
    hold.remaining, hold.updated_at = ZERO, at
    hold.state = HoldState.CAPTURED if hold.captured else HoldState.EXPIRED
    return freed


def _free(hold: Hold, amount: Decimal) -> None:
    """Hold less by `amount`; what holds nothing any more is closed."""
    hold.remaining = money.subtract(hold.remaining, amount)
    if not hold.remaining:
        hold.state = HoldState.CAPTURED if hold.captured else HoldState.RELEASED
