"""Leases by a clock that stands still, and what processes share of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from tests.access.clocks import Clock
from walletsvc.access import counters
from walletsvc.access.counters import State
from walletsvc.access.leases import Lease, Leases
from walletsvc.access.rates import parse_rate

PER_MINUTE = parse_rate("6000/minute")
TOLERATED = 1.10


class Shared:
    """The counter that processes share, in memory and by an injected clock. Counts what it is asked."""

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=clock))
        monkeypatch.setattr("walletsvc.access.counters.time", SimpleNamespace(time=clock))
        # Its timer would clean up by a clock that jumps.
        monkeypatch.setattr(MemoryStorage, "_MemoryStorage__schedule_expiry", lambda _self: None)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self.is_away = False
        self.taken = self.looked = 0

    def take(self, kind: str, who: str, rate: Any, blocks: int) -> bool | None:
        self.taken += 1
        return None if self.is_away else self._limiter.hit(counters._item(kind, rate), who, cost=blocks)

    def look(self, kind: str, who: str, rate: Any) -> State | None:
        self.looked += 1
        if self.is_away:
            return None
        found = self._limiter.get_window_stats(counters._item(kind, rate), who)
        return State(found.remaining * rate.block, max(found.reset_time - counters.time.time(), 0))


def alone(clock: Clock, rate: Any = PER_MINUTE) -> Lease:
    return Leases("principal", counter=None, clock=clock).of("alice", rate)


def together(shared: Any, clock: Clock, *, processes: int = 4, rate: Any = PER_MINUTE) -> list[Lease]:
    return [
        Leases("principal", counter=shared, processes=processes, clock=clock).of("alice", rate)
        for _ in range(processes)
    ]
