"""The SQL of holds: one module with `writer`, which calls it in the order of a commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db.models import Min, QuerySet

from walletsvc.db import dialect
from walletsvc.ledger import statements
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.models import Hold, Wallet
from walletsvc.models.hold import HoldState
from walletsvc.principals import Principal

_INSERT = (
    "INSERT INTO walletsvc_hold"
    " (txid, wallet_id, destination_id, amount, captured, released, remaining, currency, owner, state, expires_at,"
    " description, metadata, fingerprint, created_at, updated_at)"
)
_CHANGING = ("amount", "captured", "released", "remaining", "state")
_KEYS = ("id", "txid", "wallet_id", "destination_id", "currency", "owner", "state")
_AMOUNTS = ("amount", "captured", "released", "remaining")
_FIND = (
    f"SELECT wallet.sequence, {', '.join(f'hold.{each}' for each in (*_KEYS, *_AMOUNTS))}"  # noqa: S608 - no input
    " FROM walletsvc_hold hold JOIN walletsvc_wallet wallet ON wallet.id = hold.wallet_id"
    " WHERE hold.id IN ({marks})"
)
# MySQL assigns from left to right. Nothing is added: SQLite would add reals.
_EXPIRE_WHOLE = (
    "UPDATE walletsvc_hold SET released = remaining, remaining = 0, state = 'expired', updated_at = %s"
    " WHERE id IN ({marks})"
)


def insert_holds(holds: Sequence[Hold]) -> None:
    """Insert the rows, and give each hold its id, once the statements have been sent."""
    for some in statements.chunks(holds):
        rows: list[list[statements.Value]] = [
            [
                each.txid,
                each.wallet_id,
                each.destination_id,
                statements.from_decimal(each.amount),
                statements.from_decimal(each.captured),
                statements.from_decimal(each.released),
                statements.from_decimal(each.remaining),
                each.currency,
                each.owner,
                HoldState(each.state).value,
                None if each.expires_at is None else statements.from_time(each.expires_at),
                each.description,
                json.dumps(each.metadata),
                bytes(each.fingerprint),
                statements.from_time(each.created_at),
                statements.from_time(each.updated_at),
            ]
            for each in some
        ]
        statements.insert(_INSERT, rows, partial(_take_ids, some))


def update_holds(holds: Sequence[Hold], *, at: datetime) -> None:
    """Write the amounts and the states of holds. Their wallets are locked, so the rows exist."""
    statements.change("UPDATE walletsvc_hold", _CHANGING, holds, at=statements.from_time(at))


def expire_whole(holds: Sequence[Hold], *, at: datetime) -> None:
    """Write that these holds have expired before a part of them was captured or released."""
    for some in statements.chunks(holds):
        text = _EXPIRE_WHOLE.format(marks=", ".join(["%s"] * len(some)))
        statements.write(text, [statements.from_time(at), *(each.id for each in some)])


def read_due(wallet_ids: Sequence[int], *, at: datetime) -> list[Hold]:
    """Return the open holds of locked wallets that end at this moment or ended before, the first to end first."""
    due = Hold.objects.filter(wallet_id__in=wallet_ids, state=HoldState.OPEN, expires_at__lte=at)
    return list(due.order_by("wallet_id", "expires_at", "id"))


def first_expiries(wallet_ids: Sequence[int], *, after: datetime) -> Mapping[int, datetime]:
    """Return when the first open hold of each locked wallet ends after this moment, if one does."""
    later = Hold.objects.filter(wallet_id__in=wallet_ids, state=HoldState.OPEN, expires_at__gt=after)
    return dict(later.order_by().values_list("wallet_id").annotate(Min("expires_at")))


def write_next_expiry(wallet: LockedWallet) -> None:
    """Write when the first open hold of a locked wallet ends."""
    Wallet.objects.filter(id=wallet.id).update(next_expiry=wallet.next_expiry)


HoldAsRead = tuple[Hold, int]
"""A hold and the sequence of its wallet, as read before the lock: if it is the same under it, so is the hold."""


def find_holds(ids: Iterable[int], *, by: Principal) -> list[HoldAsRead]:
    """Return those of these holds that the principal can see.

    Reads what a capture decides by, and no more: neither the texts of a hold nor its times.
    """
    of_owner, owner = ("", ()) if by.owner is None else (" AND hold.owner = %s", (by.owner,))
    found: list[HoldAsRead] = []
    for some in statements.chunks(sorted(set(ids))):
        text = _FIND.format(marks=", ".join(["%s"] * len(some))) + of_owner
        for sequence, *keys, amount, captured, released, remaining in statements.fetch(text, [*some, *owner]):
            amounts = map(dialect.to_decimal, (amount, captured, released, remaining))
            values = dict(zip(_KEYS, keys, strict=True)) | dict(zip(_AMOUNTS, amounts, strict=True))
            found.append((Hold(**values), sequence))
    return found


def read_hold(identifier: int, *, by: Principal) -> Hold | None:
    """Return a hold of a locked wallet, and lock its row; None if there is none that the principal can see."""
    return _visible(by).filter(id=identifier).select_for_update().first()


def _visible(by: Principal) -> QuerySet[Hold]:
    return Hold.objects.all() if by.owner is None else Hold.objects.filter(owner=by.owner)


def _take_ids(holds: Sequence[Hold], ids: range) -> None:
    for each, identifier in zip(holds, ids, strict=True):
        each.id = identifier
