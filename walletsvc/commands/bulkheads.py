"""Bulkheads: at most a few threads of a process wait for what others have locked, so that the rest can go on.

Writes that make progress are never refused. Once nothing has moved for a while, those who wait already keep the
places, and further callers are refused at once, with nothing done (M. Nygard, "Release It!", patterns Bulkheads and
Fail Fast).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import Error

from walletsvc import errors

WALLET_PLACES = 2
WALLET_SECONDS = 0.5
"""How long a wallet that is locked may stand still before further callers are refused."""
DATABASE_SECONDS = 1.0
"""The same for all writes: a disk may take so long for a COMMIT."""
RECENT_SECONDS = 2.0
"""How long after it was last waited for in vain something counts as standing still."""
_MAX_STATES = 1000
"""How many keys that were waited for in vain are remembered."""
_NEVER = float("-inf")


@dataclass(slots=True)
class _State:
    inside: int = 0
    moved_at: float = _NEVER
    failed_at: float = _NEVER


class Bulkhead:
    """Has a number of places for each key, from the moment that `places` is set: without, everybody may pass.

    All threads of a group wait with its leader. So a group gets no place while others wait in vain, nor, unless
    `groups_join` them, while others wait at all.
    """

    def __init__(
        self,
        *,
        seconds: float,
        groups_join: bool,
        clock: Callable[[], float] = time.monotonic,
        places: int | None = None,
    ) -> None:
        self.places = places
        self._groups_join = groups_join
        self._seconds = seconds
        self._clock = clock
        self._states: dict[Hashable, _State] = {}
        self._mutex = threading.Lock()
        self._changed = threading.Condition(self._mutex)
        self._waiting = 0

    @property
    def is_idle(self) -> bool:
        """Tell whether nobody waits, or has waited in vain lately."""
        return not self._states

    @contextmanager
    def place(self, keys: Collection[Hashable], *, is_group: bool = False) -> Iterator[None]:
        """Hold a place of each key while the body runs. Raises `Conflict` if there is none, and nothing moves.

        A body that takes long and ends with a database error has waited in vain.
        """
        if self.places is None or not keys:
            yield
            return
        states = self._enter(keys, is_group=is_group)
        began = self._clock()
        has_moved = True
        try:
            yield
        except Error:
            has_moved = self._clock() - began < self._seconds
            raise
        finally:
            self._leave(states, has_moved=has_moved)

    def check(self, keys: Collection[Hashable]) -> None:
        """Raise `Conflict` if one of them has no place, and does not move."""
        for key in keys:
            state = self._states.get(key)
            if state is not None and self._is_full(state) and self._patience(state) <= 0:
                raise _refusal()

    def _enter(self, keys: Collection[Hashable], *, is_group: bool) -> Mapping[Hashable, _State]:
        with self._mutex:
            while True:
                states = {key: self._states.get(key) or _State() for key in keys}
                if is_group and not all(map(self._is_open_to_groups, states.values())):
                    raise _refusal()
                full = [each for each in states.values() if self._is_full(each)]
                if not full:
                    break
                patience = min(map(self._patience, full))
                if patience <= 0:
                    raise _refusal()
                self._waiting += 1
                try:
                    self._changed.wait(patience)
                finally:
                    self._waiting -= 1
            now = self._clock()
            for state in states.values():
                if not state.inside and not self._fails(state):
                    state.moved_at = now
                state.inside += 1
            self._states.update(states)
            return states

    def _leave(self, states: Mapping[Hashable, _State], *, has_moved: bool) -> None:
        with self._mutex:
            now = self._clock()
            for key, state in states.items():
                state.inside -= 1
                if has_moved:
                    state.moved_at, state.failed_at = now, _NEVER
                else:
                    state.failed_at = now
                if not state.inside and (has_moved or len(self._states) > _MAX_STATES):
                    del self._states[key]
            if self._waiting:
                self._changed.notify_all()

    def _is_full(self, state: _State) -> bool:
        return self.places is not None and state.inside >= self.places

    def _is_open_to_groups(self, state: _State) -> bool:
        return not self._fails(state) and (self._groups_join or not state.inside)

    def _fails(self, state: _State) -> bool:
        return self._clock() - state.failed_at <= RECENT_SECONDS

    def _patience(self, state: _State) -> float:
        return state.moved_at + self._seconds - self._clock()


def _refusal() -> errors.Conflict:
    return errors.Conflict("Other transactions hold what this one needs. Try again.")


wallets = Bulkhead(seconds=WALLET_SECONDS, groups_join=False)
"""By id: who waits for the lock of a wallet."""
database = Bulkhead(seconds=DATABASE_SECONDS, groups_join=True)
"""Under the key `WRITES`: everybody who writes."""
WRITES = ("writes",)


def limit(*, threads: int) -> None:
    """Keep some of the threads of this process from waiting for locks. Commands of `manage.py` do without."""
    wallets.places = min(WALLET_PLACES, max(1, threads - 2))
    database.places = max(1, threads - 2)
