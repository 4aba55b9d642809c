"""Wallets that an operation has locked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from time import perf_counter

from walletsvc import money
from walletsvc.db import dialect
from walletsvc.ledger import statements
from walletsvc.models.wallet import State
from walletsvc.money import ZERO
from walletsvc.principals import Principal
from walletsvc.telemetry.metrics import LOCK_WAIT_SECONDS
from walletsvc.telemetry.traces import LOCK, span

_COLUMNS = "id, currency, balance, sequence, transaction_count, owner, held, floor, state, updated_at, next_expiry"


@dataclass(slots=True)
class LockedWallet:
    """A wallet's state under the lock, with the operation's changes so far."""

    id: int
    currency: str
    balance: Decimal
    sequence: int
    transaction_count: int
    owner: str
    held: Decimal = ZERO
    floor: Decimal = ZERO
    state: str = State.ACTIVE.value
    updated_at: datetime | None = None
    next_expiry: datetime | None = None

    @property
    def available(self) -> Decimal:
        """Return balance - held - floor."""
        return available(self.balance, self.held, self.floor)


def available(balance: Decimal, held: Decimal, floor: Decimal) -> Decimal:
    """Return the amount that a debit may take."""
    # Most wallets have neither.
    return money.subtract(balance, money.add(held, floor)) if held or floor else balance


def lock_wallets(ids: Sequence[int], *, principal: Principal, skip_locked: bool) -> Iterator[LockedWallet]:
    """Lock the wallets with these ids, in order, and yield those that the principal can see.

    With `skip_locked`, wallets locked by others are left out.
    """
    amount, moment = dialect.to_decimal, dialect.to_moment
    since = perf_counter()
    with span(LOCK, wallets=len(ids)):
        rows = statements.select_for_update(_COLUMNS, "walletsvc_wallet", ids, skip_locked=skip_locked)
    LOCK_WAIT_SECONDS.observe(perf_counter() - since)
    for key, currency, balance, sequence, count, owner, held, floor, state, updated_at, next_expiry in rows:
        if principal.owner in (None, owner):
            yield LockedWallet(
                key,
                currency,
                amount(balance),
                sequence,
                count,
                owner,
                amount(held),
                amount(floor),
                state,
                moment(updated_at),
                moment(next_expiry),
            )
