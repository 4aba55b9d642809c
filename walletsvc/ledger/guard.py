"""The overdraft guard: decide whether a balance may change. Pure: its arguments were read under the lock."""

from __future__ import annotations

from decimal import Decimal

from walletsvc import errors, money
from walletsvc.db import dialect


def decide_balance(balance: Decimal, change: Decimal, *, currency: str, wallet_id: int | None, field: str) -> Decimal:
    """Return the balance after `change`.

    Raises `ScaleExceeded` or `PrecisionExceeded` for a change that cannot be stored exactly, `InsufficientFunds`
    if the balance would fall below zero, and `OutOfRange` or `PrecisionExceeded` for a balance that cannot be
    stored; each names `field`.
    """
    check_amount(change, currency=currency, field=field)
    after = money.add(balance, change)
    if after < 0:
        raise errors.InsufficientFunds(
            "The balance does not cover it.",
            field=field,
            balance=money.format_amount(balance, currency),
            amount=money.format_amount(change, currency),
            currency=currency,
            wallet=wallet_id,
        )
    if after >= money.LIMIT:
        raise money.out_of_range(field=field)
    money.check_precision(after, max_digits=dialect.exact_digits(), field=field)
    return after


def check_amount(amount: Decimal, *, currency: str, field: str) -> None:
    """Raise `ScaleExceeded` or `PrecisionExceeded` unless currency and database can store `amount` exactly."""
    money.check_scale(amount, currency=currency, field=field)
    money.check_precision(amount, max_digits=dialect.exact_digits(), field=field)
