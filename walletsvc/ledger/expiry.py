"""Let the holds of locked wallets expire, exactly at their moment, whether a sweep has come by or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from walletsvc.ledger import hold_rules
from walletsvc.ledger.interfaces import HoldWriter
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.models import Hold

Free = Callable[[Hold, LockedWallet, Decimal], None]
"""Records that a wallet holds less by the amount of a hold that has expired."""


def expire_due(wallets: Mapping[int, LockedWallet], *, at: datetime, writer: HoldWriter, free: Free) -> list[Hold]:
    """Expire the open holds of these locked wallets that end at this moment or have ended before, and return them.

    Each wallet then knows when the next of its holds ends. Writes the holds; `free` records their lines.
    """
    ids = sorted(wallets)
    due = writer.read_due(ids, at=at)
    following = writer.first_expiries(ids, after=at)
    whole = [each for each in due if each.remaining == each.amount]
    parts = [each for each in due if each.remaining != each.amount]
    for hold in due:
        freed = hold_rules.expire(hold, at=at)
        free(hold, wallets[hold.wallet_id], freed)
    for wallet in wallets.values():
        wallet.next_expiry = following.get(wallet.id)
    # The others are written with their lines.
    for wallet_id in wallets.keys() - {each.wallet_id for each in due}:
        writer.write_next_expiry(wallets[wallet_id])
    writer.expire_whole(whole, at=at)
    writer.update_holds(parts, at=at)
    return due
