"""A queue of writes with callers that come when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from walletsvc.commands.group_commit import Queue, Worker

TIMEOUT = 30
Together = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Hand(Worker[Any, Any]):
    """Those of equal keys may work together."""

    key: str
    do_alone: Callable[[Any], Any] = field(compare=False)
    do_together: Together = field(compare=False)

    def alone(self, job: Any) -> Any:
        return self.do_alone(job)

    def together(self, jobs: Sequence[Any]) -> Any:
        return self.do_together(jobs)


class Stage:
    """A queue, a thread for each caller, and a record of the jobs that ran together."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.queue: Queue[Any, Any] = Queue()
        self.pool = pool
        self.done: list[list[Any]] = []

    def alone(self, job: Any) -> Any:
        self.done.append([job])
        return job() if callable(job) else job

    def together(self, jobs: Sequence[Any]) -> list[Any]:
        self.done.append(list(jobs))
        return list(jobs)

    def call(self, job: Any, *, key: str = "", together: Together | None = None) -> Future[Any]:
        return self.pool.submit(self.run, key, job, together)

    def run(self, key: str, job: Any, together: Together | None) -> Any:
        outcome, _was_alone = self.queue.run(Hand(key, self.alone, together or self.together), job)
        return outcome

    def waiting(self, key: str = "") -> int:
        lane = self.queue._lanes.get(Hand(key, self.alone, self.together))
        return len(lane.waiting) if lane else -1

    def until(self, number: int, key: str = "") -> None:
        for _ in range(TIMEOUT * 1000):
            if self.waiting(key) == number:
                return
            threading.Event().wait(0.001)
        raise AssertionError(f"{self.waiting(key)} are waiting, not {number}")

    def call_all(self, jobs: Sequence[Any], **rest: Any) -> list[Future[Any]]:
        """Let callers come one after the other, while someone is at work."""
        futures = []
        for number, job in enumerate(jobs, start=1):
            futures.append(self.call(job, **rest))
            self.until(number, rest.get("key", ""))
        return futures


def results(futures: Sequence[Future[Any]]) -> list[Any]:
    return [future.exception(TIMEOUT) or future.result(TIMEOUT) for future in futures]
