"""The state of the row, and how long it can be relied on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from walletsvc.cache.store import PREFIX

POLL_SECONDS = 0.2
LEASE_SECONDS = 1.0
"""Several times POLL_SECONDS: a late thread does not end it. The first write without Redis waits this long."""
HOLD_SECONDS = 1.5 * LEASE_SECONDS
MARGIN_SECONDS = 0.05
"""More than the clocks of two machines can drift apart within LEASE_SECONDS."""

now: Callable[[], float] = (
    # Continues while the machine sleeps, unlike the monotonic clock (clock_gettime(2)).
    partial(time.clock_gettime, time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic
)
"""The clock of all leases, in seconds."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """The row: which cache all processes use, and whether they may."""

    identity: str
    generation: int
    is_suspended: bool
    instance: str


@dataclass(frozen=True, slots=True)
class State:
    """The row as this process has read it. Never changed, only replaced."""

    agreement: Agreement | None
    seen_at: float
    """A time by which the row certainly was as it is now."""
    valid_until: float
    is_trusted: bool
    """The cache may be used until then."""
    instance: str
    prefix: str
    """The prefix of all names in the cache."""

    @property
    def is_suspended(self) -> bool:
        """Tell whether the cache is known to be suspended."""
        return self.agreement is not None and self.agreement.is_suspended


UNKNOWN = State(None, 0.0, 0.0, is_trusted=False, instance="", prefix="")


def make_state(agreement: Agreement | None, *, read_at: float, seen_at: float, is_ours: bool) -> State:
    """Return the state after `agreement` was read; `read_at` is the time before that read.

    `is_ours` tells whether this process can reach the agreed instance.
    """
    valid_until = read_at + LEASE_SECONDS
    if agreement is None:
        return State(None, seen_at, valid_until, is_trusted=False, instance="", prefix="")
    prefix = f"{PREFIX}{agreement.identity}:{agreement.generation}:"
    is_trusted = is_ours and bool(agreement.instance) and not agreement.is_suspended
    return State(agreement, seen_at, valid_until, is_trusted, agreement.instance, prefix)
