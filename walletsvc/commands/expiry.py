"""Let holds expire that have come to their end, so that readers see it too.

No decision depends on it: whoever locks a wallet lets its holds expire first (`ledger.expiry`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from walletsvc.commands.retry import durably
from walletsvc.ledger.ledger import Clock, Ledger
from walletsvc.models import Hold
from walletsvc.models.hold import HoldState
from walletsvc.principals import SYSTEM

logger = logging.getLogger(__name__)

HOLDS_A_COMMIT = 200
"""Few enough that no write waits long for a wallet."""


def expire_wallets(wallet_ids: Collection[int], *, clock: Clock = timezone.now, skip_locked: bool = False) -> int:
    """Let the holds of these wallets expire that have come to their end, in a transaction of its own.

    Returns the number of holds. With `skip_locked`, wallets that others have locked are left out: a command that has
    locked one lets its holds expire. Raises what `durably` raises.
    """

    ledgers: list[Ledger] = []

    def work(touched: dict[int, str]) -> int:
        ledger = Ledger(principal=SYSTEM, clock=clock, touched={})
        ledgers.append(ledger)
        ledger.lock(wallet_ids, skip_locked=skip_locked)
        touched.update(ledger.owners_of(ledger.expired))
        ledger.complete()
        return len(ledger.holds)

    expired = durably(work)
    ledgers[-1].count_written()
    return expired if isinstance(expired, int) else 0


def count_due(*, at: datetime) -> int:
    """Return the number of open holds that have come to their end."""
    return Hold.objects.filter(state=HoldState.OPEN, expires_at__lte=at).count()


def sweep(*, clock: Clock = timezone.now, skip_locked: bool = True) -> Iterator[int]:
    """Let all holds expire that have come to their end by now, and yield how many each transaction has expired.

    Raises what `durably` raises; then earlier transactions stand.
    """
    due = Hold.objects.filter(state=HoldState.OPEN, expires_at__lte=clock())
    after = Q()
    while True:
        some = list(
            due.filter(after)
            .order_by("expires_at", "id")
            .values_list("expires_at", "id", "wallet_id")[:HOLDS_A_COMMIT]
        )
        if not some:
            return
        expires_at, identifier, _ = some[-1]
        # Not from the start each time: it may be left out, because its wallet is locked.
        after = Q(expires_at__gt=expires_at) | Q(expires_at=expires_at, id__gt=identifier)
        yield expire_wallets({wallet_id for _, _, wallet_id in some}, clock=clock, skip_locked=skip_locked)
