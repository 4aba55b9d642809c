"""What callers have used of their rates: decided in this process, from blocks that it takes from a shared counter.

A block is 1/100 of a rate. It is taken in advance, and given back to nobody: units that are not used within half a
window are lost. So a request costs no round trip, and all processes together exceed a rate by a block each at most.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from math import ceil

from walletsvc.access.counters import SharedCounter, State
from walletsvc.access.rates import Rate
from walletsvc.bounded import ENTRY_BYTES, BoundedTable

SLICES = 20
LEASE_BYTES = 4096
"""The size of a lease with all its slices, as measured."""
MAX_LEASES = 4096

Clock = Callable[[], float]


class Window:
    """Units of the last `seconds`, in slices. One counts until all of its slice is old: a slice longer at most."""

    __slots__ = ("_length", "_slices", "_total")

    def __init__(self, seconds: float) -> None:
        self._length = seconds / SLICES
        self._slices: deque[list[int]] = deque()
        self._total = 0

    def add(self, units: int, now: float) -> None:
        """Count units now."""
        number = int(now / self._length)
        if self._slices and self._slices[-1][0] == number:
            self._slices[-1][1] += units
        else:
            self._slices.append([number, units])
        self._total += units

    def count(self, now: float) -> int:
        """Return the units in the window that ends now."""
        oldest = int(now / self._length) - SLICES
        while self._slices and self._slices[0][0] < oldest:
            self._total -= self._slices.popleft()[1]
        return self._total

    def seconds_until(self, units: int, now: float) -> float:
        """Return how long it takes until at least `units` of those in the window count no more."""
        self.count(now)
        freed = 0
        for number, counted in self._slices:
            freed += counted
            if freed >= units:
                return max((number + SLICES + 1) * self._length - now, 0.0)
        return SLICES * self._length


class Lease:
    """What this process may still give to one caller."""

    __slots__ = (
        *("rate", "kind", "policy", "_name", "_who", "_leases", "_clock", "_lock", "_taken", "_left", "_ends"),
        *("_refused", "_refused_until", "_spare", "_resets", "_look_at"),
    )

    def __init__(self, leases: Leases, who: str, rate: Rate) -> None:
        self.rate = rate
        self.kind = leases.kind
        self._name = f'"{leases.kind}"'
        self.policy = f"{self._name};q={rate.amount};w={rate.seconds}"
        self._clock = leases.clock
        self._who = who
        self._leases = leases
        self._lock = threading.Lock()
        self._taken = Window(rate.seconds)
        self._left = 0
        self._ends = 0.0
        # The fewest units that were refused, until when.
        self._refused, self._refused_until = 0, 0.0
        # What the counter had left when it was last seen, less what was taken since.
        self._spare, self._resets, self._look_at = rate.amount, 0.0, 0.0

    def take(self, units: int) -> int:
        """Use `units` and return 0, or return the seconds after which to try again."""
        now = self._clock()
        with self._lock:
            if self._left >= units and now < self._ends:
                self._left -= units
                return 0
            return self._take_more(units, now)

    def wait(self) -> int:
        """Return 0 if a unit is left, or else the seconds until one is. Uses none."""
        now = self._clock()
        with self._lock:
            if now < self._refused_until:
                return ceil(self._refused_until - now)
            if self._left and now < self._ends:
                return 0
            state = self._look(now)
            return self._refuse(1, state, now) if state.remaining < 1 else 0

    def status(self) -> str:
        """Return what is left, as the field `RateLimit` says it (draft-ietf-httpapi-ratelimit-headers)."""
        now = self._clock()
        left = self._spare + self._left if now < self._ends else self._spare
        seconds = self._resets - now
        if seconds <= 0:
            with self._lock:
                seconds = self._taken.seconds_until(1, now)
        return f"{self._name};r={left};t={min(ceil(seconds), self.rate.seconds)}"

    def _take_more(self, units: int, now: float) -> int:
        if now < self._refused_until and units >= self._refused:
            return ceil(self._refused_until - now)
        rate, left = self.rate, self._left if now < self._ends else 0
        blocks = -(-(units - left) // rate.block)
        amount = blocks * rate.block
        shared = self._leases.counter
        is_taken = None if shared is None else shared.take(self._leases.kind, self._who, rate, blocks)
        if is_taken is None:
            limit = self._own_limit()
            counted = self._taken.count(now)
            if counted + amount > limit:
                wait = self._taken.seconds_until(counted + amount - limit, now)
                return self._refuse(units, State(max(limit - counted, 0), wait), now)
        elif not is_taken:
            return self._refuse(units, self._look(now), now)
        self._taken.add(amount, now)
        self._left, self._ends = left + amount - units, now + rate.seconds / 2
        self._spare = max(self._spare - amount, 0)
        if is_taken is None or now >= self._look_at:
            self._look(now)
        return 0

    def _refuse(self, units: int, state: State, now: float) -> int:
        wait = max(state.seconds, 0.001)
        self._refused, self._refused_until = units, now + wait
        self._spare, self._resets = state.remaining, now + wait
        return ceil(wait)

    def _look(self, now: float) -> State:
        """Return what is left for all processes, or for this one if nobody knows."""
        shared = self._leases.counter
        state = None if shared is None else shared.look(self._leases.kind, self._who, self.rate)
        if state is None:
            remaining = max(self._own_limit() - self._taken.count(now), 0)
            state = State(remaining, self._taken.seconds_until(1, now))
        self._spare, self._resets = state.remaining, now + state.seconds
        self._look_at = now + self.rate.seconds / SLICES
        return state

    def _own_limit(self) -> int:
        """Return the part of the rate that this process gives on its own."""
        return max(self.rate.amount // self._leases.processes, 1)


class Leases:
    """The leases of one kind of callers; those that have called lately, however many call."""

    def __init__(
        self,
        kind: str,
        *,
        counter: SharedCounter | None,
        processes: int = 1,
        clock: Clock = time.monotonic,
        max_leases: int = MAX_LEASES,
    ) -> None:
        """Take blocks from `counter`; without one, or while it is away, this is one of so many `processes`."""
        self.kind = kind
        self.counter = counter
        self.processes = 1 if counter is None else processes
        self.clock = clock
        size = LEASE_BYTES + ENTRY_BYTES
        self._table: BoundedTable[str, Lease] = BoundedTable(max_bytes=max_leases * size, max_entry_bytes=size)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._table)

    def of(self, who: str, rate: Rate) -> Lease:
        """Return the lease of a caller."""
        lease = self._table.get(who)
        if lease is not None and (lease.rate is rate or lease.rate == rate):
            return lease
        with self._lock:
            lease = self._table.get(who)
            if lease is None or lease.rate != rate:
                lease = Lease(self, who, rate)
                self._table.put(who, lease, size=LEASE_BYTES)
            return lease
