"""Keep the lease of this process; suspend the cache and take it into use as necessary."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

from walletsvc.cache.lease.row import Row
from walletsvc.cache.lease.state import (
    HOLD_SECONDS,
    LEASE_SECONDS,
    MARGIN_SECONDS,
    UNKNOWN,
    Agreement,
    State,
    make_state,
    now,
)

logger = logging.getLogger(__name__)

MIN_RETRY_SECONDS = 0.5
MAX_RETRY_SECONDS = 4.0
"""How long to leave an unusable Redis alone: twice as long each time."""

CLAIM_SECONDS = 5.0
MAX_CLAIM_SECONDS = 60.0
"""How long to accept another process's instance before replacing it again: twice as long each time."""


class Instances(Protocol):
    """The places where this process can keep a cache (a `cache.store.Store`)."""

    @property
    def in_doubt(self) -> bool:
        """Tell whether anything has failed since the last `probe`."""

    @property
    def is_shared(self) -> bool:
        """Tell whether other processes can reach the same instance."""

    @property
    def own_instance(self) -> str:
        """Return the only instance that this process can ever use; empty if it can change."""

    def probe(self) -> str | None:
        """Return the current instance if all operations of a cache work there, else None."""


class Keeper:
    """Holds the latest `state`, which `step` renews.

    It has no thread: its callers make each step. Servers use `BackgroundKeeper`.
    """

    def __init__(
        self,
        *,
        row: Row,
        instances: Callable[[], Instances],
        clock: Callable[[], float] = now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.state: State = UNKNOWN
        self.is_wanted = False
        """Whether this process reads from the cache: one that only writes never claims the cache."""
        self._row = row
        self._instances = instances
        self.clock = clock
        self._sleep = sleep
        self._retry_at = 0.0
        self._retry_seconds = MIN_RETRY_SECONDS
        self._claim_at = 0.0
        self._claim_seconds = CLAIM_SECONDS

    # -- for users of the cache --

    def start(self) -> None:
        """Begin to renew the state at intervals, if this keeper does so itself."""

    def current(self) -> State:
        """Return a state whose lease is valid, or `UNKNOWN`: it tells whether the cache may be used."""
        state = self.state
        if self.clock() >= state.valid_until:
            state = self.refresh()
            if self.clock() >= state.valid_until:
                return UNKNOWN
        return state

    def holds(self, state: State) -> bool:
        """Tell whether the cache may still be used under `state`, at this very moment."""
        latest = self.current()
        return latest.is_trusted and (latest is state or latest.agreement == state.agreement)

    def has_outlived(self, state: State) -> bool:
        """Tell whether all leases from before `state` have expired; its own may have too."""
        return self.clock() >= state.seen_at + LEASE_SECONDS + MARGIN_SECONDS

    def outlive(self) -> None:
        """Wait until all leases that are valid now, in all processes, have expired."""
        self._sleep(LEASE_SECONDS + MARGIN_SECONDS)

    def refresh(self) -> State:
        """Read the row now and return the new state. Raises the database's errors."""
        self.step()
        return self.state

    def give_back(self) -> None:
        """Release the cache if only this process could use it, so that the next process need not wait.

        Raises the database's errors.
        """
        state, self.state = self.state, UNKNOWN
        own = self._instances().own_instance
        if own and state.is_trusted and state.agreement is not None and state.instance == own:
            self._row.change(state.agreement, suspended=False, instance="")

    # -- at intervals --

    def step(self) -> None:
        """Read the row and react to it. Raises the database's errors."""
        # Taking an unused cache into use takes one change and one more read.
        for _ in range(3):
            if not self._act(self._read()):
                return

    def _read(self) -> Agreement | None:
        read_at = self.clock()
        found = self._row.read()
        before, seen_at = self.state, self.clock()
        if found is not None and found == before.agreement:
            seen_at = before.seen_at
        own = self._instances().own_instance
        is_ours = found is not None and (not own or found.instance == own)
        if own and before.instance == own and not is_ours:
            # Give the process that took this one's place time to use it.
            self._put_off_claim()
        self.state = make_state(found, read_at=read_at, seen_at=seen_at, is_ours=is_ours)
        return found

    def _act(self, found: Agreement | None) -> bool:
        """Make the necessary change, if any. Return whether the row must be read again."""
        if found is None:
            self._row.create()
            return True
        if found.is_suspended:
            return self._lift(found)
        if not found.instance:
            return self._begin(found)
        if self.state.is_trusted and not self._instances().in_doubt:
            return False
        return self._replace(found)

    def _lift(self, found: Agreement) -> bool:
        if self.clock() < self.state.seen_at + HOLD_SECONDS or not self._may_take(found):
            return False
        return self._begin(found)

    def _begin(self, found: Agreement) -> bool:
        """Take the cache into use, under a new generation."""
        instance = self._probe()
        if instance is None:
            return False
        if self._row.change(found, suspended=False, instance=instance):
            logger.info("The cache is in use from now on, in generation %d", found.generation + 1)
        return True

    def _replace(self, found: Agreement) -> bool:
        """Suspend the use of an instance that differs from the one that this process finds."""
        if not self._may_take(found):
            return False
        instance = self._probe()
        if instance is None or instance == found.instance or self.clock() < self._claim_at:
            return False
        self._put_off_claim()
        logger.warning("The cache is suspended: its instance has changed")
        self._row.change(found, suspended=True, instance=instance)
        return True

    def _may_take(self, found: Agreement) -> bool:
        """Tell whether this process may take the cache into use or suspend it."""
        store = self._instances()
        if store.is_shared or found.instance in ("", store.own_instance):
            return True
        return self.is_wanted and self.clock() >= self._claim_at

    def _put_off_claim(self) -> None:
        if self.clock() > self._claim_at + 2 * MAX_CLAIM_SECONDS:
            self._claim_seconds = CLAIM_SECONDS
        self._claim_at = self.clock() + self._claim_seconds
        self._claim_seconds = min(2 * self._claim_seconds, MAX_CLAIM_SECONDS)

    def _probe(self) -> str | None:
        if self.clock() < self._retry_at:
            return None
        instance = self._instances().probe()
        if instance is None:
            self._retry_at = self.clock() + self._retry_seconds
            self._retry_seconds = min(2 * self._retry_seconds, MAX_RETRY_SECONDS)
        else:
            self._retry_at, self._retry_seconds = 0.0, MIN_RETRY_SECONDS
        return instance
