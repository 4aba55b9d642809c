"""Delete idempotency keys that no request needs any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from walletsvc.models import ReplayKey

KEYS_A_STATEMENT = 1000
"""Few enough that no write waits long for a deleted row."""


def prune_keys(*, before: datetime) -> Iterator[int]:
    """Delete the keys of requests before this moment, oldest first, and yield how many each statement has deleted."""
    while True:
        old = ReplayKey.objects.filter(created_at__lt=before).order_by("created_at").values_list("hash", flat=True)
        hashes = list(old[:KEYS_A_STATEMENT])
        if not hashes:
            return
        yield ReplayKey.objects.filter(hash__in=hashes)._raw_delete(using=ReplayKey.objects.db)
