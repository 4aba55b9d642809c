"""Wallets that an operation has locked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from walletsvc.db import dialect
from walletsvc.ledger import statements
from walletsvc.principals import Principal

_COLUMNS = "id, currency, balance, sequence, transaction_count, owner"


@dataclass(slots=True)
class LockedWallet:
    """A wallet's state under the lock, with the operation's changes so far."""

    id: int
    currency: str
    balance: Decimal
    sequence: int
    transaction_count: int
    owner: str


def lock_wallets(ids: Sequence[int], *, principal: Principal, skip_locked: bool) -> Iterator[LockedWallet]:
    """Lock the wallets with these ids, in order, and yield those that the principal can see.

    With `skip_locked`, wallets locked by others are left out.
    """
    rows = statements.select_for_update(_COLUMNS, "walletsvc_wallet", ids, skip_locked=skip_locked)
    for wallet_id, currency, balance, sequence, transactions, owner in rows:
        if principal.owner in (None, owner):
            yield LockedWallet(wallet_id, currency, dialect.to_decimal(balance), sequence, transactions, owner)
