"""Count what look-ups in the cache find."""

from __future__ import annotations

from walletsvc.telemetry.metrics import CACHE, collecting
from walletsvc.telemetry.requests import OTHER, current_request

HIT, MISS = "hit", "miss"
MARKED = "marked"
"""A write is under way, so nothing may be stored either."""
UNREACHABLE, DISTRUSTED = "unreachable", "distrusted"
"""The store does not answer; the database does not say that it may be trusted."""


def count_lookup(result: str) -> None:
    """Count a look-up, by the face of the request that is being answered."""
    if not collecting.is_on:
        return
    record = current_request.get()
    CACHE.add(OTHER if record is None else record.face, result)
