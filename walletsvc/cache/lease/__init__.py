"""The lease on the cache: a row in the database says which cache to trust, for a limited time after each read.

Each process reads the row several times a second, in the background, and trusts the cache for LEASE_SECONDS from
before the read. A writer that is not sure that all processes see its stamps suspends the cache, in the transaction of
its write, and answers when every lease from before its COMMIT has expired. So a caller who knows the answer of a
write never gets an older response, whatever state Redis is in (C. Gray and D. Cheriton, "Leases: An Efficient
Fault-Tolerant Mechanism for Distributed File Cache Consistency", 1989).

A process that finds a Redis that accepts writes lifts a suspension HOLD_SECONDS after it has seen it. It starts a new
generation, which is part of all names in the cache. That is late enough for every writer of the previous generation:
one whose lease is valid at its end has read the row at most LEASE_SECONDS earlier, so the suspension came after that
read, and no process reads under the next generation before that writer has finished.
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
