"""Group commit: callers that would wait for each other are served together.

A caller that finds no leader at work runs its own job at once, alone. Callers that arrive meanwhile gather, and the
first of them leads next: it runs the jobs of all in one transaction. So no caller ever waits for company, and groups
grow with the load (DeWitt et al., "Implementation Techniques for Main Memory Database Systems", 1984).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from walletsvc import errors
from walletsvc.telemetry.metrics import GROUPS

J = TypeVar("J")
T = TypeVar("T")

GROUP_SIZE = 32
"""The maximum number of jobs in a group, the leader's included, if none is larger than 1."""

PATIENCE_SECONDS = 0.025
"""Several times what a group takes. A leader that takes longer is probably waiting for a lock."""

GIVE_UP_SECONDS = 60
"""Longer than any leader takes unless it was lost: a server waits for a lock for 5 seconds."""


class Worker(ABC, Generic[J, T]):
    """Runs jobs. The jobs of equal workers may run together."""

    @abstractmethod
    def alone(self, job: J) -> T:
        """Run one job and return its outcome."""

    @abstractmethod
    def together(self, jobs: Sequence[J]) -> Sequence[T]:
        """Run several jobs and return the outcome of each.

        Must not raise; if it does, the other callers get `Unavailable`.
        """


@dataclass(slots=True, eq=False)
class _Member(Generic[J, T]):
    """A caller and its job. `wake` is held until the caller may continue, as leader or with an outcome."""

    job: J
    size: int
    wake: threading.Lock
    leads: bool = False
    outcome: T | None = None


@dataclass(slots=True, eq=False)
class _Lane(Generic[J, T]):
    """Callers that may be served together. `leader` is at work, and hands over when it is done."""

    leader: _Member[J, T]
    waiting: deque[_Member[J, T]] = field(default_factory=deque)


class Queue(Generic[J, T]):
    """Brings callers of one process together. A lane exists while a leader is at work in it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._lanes: dict[Hashable, _Lane[J, T]] = {}

    def has_lane(self, worker: Worker[J, T]) -> bool:
        """Tell whether a job of an equal worker runs now."""
        return worker in self._lanes

    def is_idle(self, *, besides: Worker[J, T]) -> bool:
        """Tell whether no job runs now, except those of workers that are equal to this one."""
        lanes = self._lanes
        return not lanes or (len(lanes) == 1 and besides in lanes)

    def run(
        self,
        worker: Worker[J, T],
        job: J,
        *,
        size: int = 1,
        limit: int = GROUP_SIZE,
        patience_seconds: float | None = None,
    ) -> tuple[T, bool]:
        """Run the job together with others of an equal worker.

        Returns its outcome, and whether it ran alone. Raises what `alone` raises, and `Unavailable`.

        A leader adds jobs while the sum of their sizes is within `limit`. A caller waits `patience_seconds`
        (PATIENCE_SECONDS) before it leads the callers that wait with it.
        """
        me = _Member[J, T](job, size, threading.Lock())
        with self._mutex:
            lane = self._lanes.get(worker)
            if lane is None:
                lane = self._lanes[worker] = _Lane(me)
                me.leads = True
            else:
                me.wake.acquire()
                lane.waiting.append(me)
        patience = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
        group = [me] if me.leads else self._wait(worker, lane, me, limit, patience)
        if not group:
            return _outcome_of(me), False
        GROUPS.observe(len(group))
        try:
            if len(group) == 1:
                return worker.alone(job), True
            for member, outcome in zip(group, worker.together([each.job for each in group]), strict=True):
                member.outcome = outcome
        finally:
            # The next group first: the database is idle now.
            self._hand_over(worker, lane, me)
            for member in group[1:]:
                member.wake.release()
        return _outcome_of(me), False

    def _wait(
        self, worker: Worker[J, T], lane: _Lane[J, T], me: _Member[J, T], limit: int, patience: float
    ) -> list[_Member[J, T]]:
        """Wait for an outcome, or to become leader. Return the group to lead, empty if another caller has led."""
        try:
            is_late = not me.wake.acquire(timeout=patience)
            with self._mutex:
                if is_late and me in lane.waiting:
                    lane.waiting.remove(me)
                    lane.leader, me.leads = me, True
                if me.leads:
                    return self._gather(lane, me, limit)
            if is_late:
                me.wake.acquire(timeout=GIVE_UP_SECONDS)
        except BaseException:
            with self._mutex:
                if me in lane.waiting:
                    lane.waiting.remove(me)
            self._hand_over(worker, lane, me)
            raise
        return []

    def _gather(self, lane: _Lane[J, T], me: _Member[J, T], limit: int) -> list[_Member[J, T]]:
        group, room = [me], limit - me.size
        while lane.waiting and lane.waiting[0].size <= room:
            member = lane.waiting.popleft()
            room -= member.size
            group.append(member)
        return group

    def _hand_over(self, worker: Worker[J, T], lane: _Lane[J, T], me: _Member[J, T]) -> None:
        """Let the next caller lead, unless an impatient one leads already."""
        with self._mutex:
            if lane.leader is not me:
                return
            if lane.waiting:
                lane.leader = lane.waiting.popleft()
                lane.leader.leads = True
                lane.leader.wake.release()
            else:
                del self._lanes[worker]


def _outcome_of(member: _Member[J, T]) -> T:
    if member.outcome is None:
        raise errors.outcome_unknown()
    return member.outcome
