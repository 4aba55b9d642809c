"""Whom the cache may be trusted by is the database's to say: one row, and a lease on what it said last.

Each process reads the row several times a second, in the background, and trusts the cache for LEASE_SECONDS from
before it was read. A writer that is not sure that everybody sees its stamps suspends the cache, in the transaction of
its write, and answers when every lease from before its COMMIT has run out. So whoever knows the answer of a write is
never served what was there before, whatever state Redis is in (C. Gray and D. Cheriton, "Leases: An Efficient
Fault-Tolerant Mechanism for Distributed File Cache Consistency", 1989).

A suspension is lifted under a new generation, which is part of all names in the cache, by whoever finds a Redis that
takes writes, HOLD_SECONDS after it has seen the suspension. That is late enough for every writer of the generation
before: one that trusts its lease at its end has read the row at most LEASE_SECONDS earlier, so the suspension came
after that, and nobody reads under the next generation before that writer is through.
"""

from walletsvc.cache.lease.background import BackgroundKeeper
from walletsvc.cache.lease.keeper import Keeper
from walletsvc.cache.lease.row import DatabaseRow, Row
from walletsvc.cache.lease.state import (
    HOLD_SECONDS,
    LEASE_SECONDS,
    MARGIN_SECONDS,
    POLL_SECONDS,
    UNKNOWN,
    Agreement,
    State,
    now,
)

__all__ = [
    "HOLD_SECONDS",
    "LEASE_SECONDS",
    "MARGIN_SECONDS",
    "POLL_SECONDS",
    "UNKNOWN",
    "Agreement",
    "BackgroundKeeper",
    "DatabaseRow",
    "Keeper",
    "Row",
    "State",
    "now",
]
