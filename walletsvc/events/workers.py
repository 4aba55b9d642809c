"""Threads for work that would keep the event loop busy. Clients take turns."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Job(Generic[T]):
    """Work to be done once, for all who wait for it. Made and used in the event loop."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.waiting = 0
        self.is_started = False
        self._work: Callable[[], T] | None = work
        self.result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        # All who waited may have left by the time that it fails.
        self.result.add_done_callback(_look_at)

    def start(self, threads: ThreadPoolExecutor) -> asyncio.Future[T]:
        """Start in a thread, and return a future that is done once the thread is free again."""
        work, self._work, self.is_started = self._work, None, True
        assert work is not None  # noqa: S101 - it is started once
        running = asyncio.get_running_loop().run_in_executor(threads, work)
        running.add_done_callback(self._finish)
        return running

    def _finish(self, running: asyncio.Future[T]) -> None:
        if running.cancelled():
            self.result.cancel()
        elif (error := running.exception()) is not None:
            self.result.set_exception(error)
        else:
            self.result.set_result(running.result())


def _look_at(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()


class Workers:
    """A bounded number of threads. Clients with waiting jobs get a thread in turn, for one job each.

    So a client with many jobs waits for its own, and others wait for one of them at most. A thread is held for the
    job alone, however slowly the client takes the result.
    """

    def __init__(self, threads: int, *, name: str) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._free = threads
        self._queues: OrderedDict[Hashable, dict[Job[Any], int]] = OrderedDict()

    async def run(self, work: Callable[[], T], client: Hashable) -> T:
        """Run `work` in a thread when it is the client's turn, and return its result. Raises what it raises."""
        return await self.wait_for(Job(work), client)

    async def wait_for(self, job: Job[T], client: Hashable) -> T:
        """Return the result of a job that other clients may wait for too. The first turn of any of them starts it.

        Raises what the job raises. A job that all have left before it was started does not run.
        """
        if job.result.done():
            return job.result.result()
        job.waiting += 1
        if not job.is_started:
            queue = self._queues.setdefault(client, {})
            queue[job] = queue.get(job, 0) + 1
            self._serve()
        try:
            # A client that leaves must not cancel it for the others.
            return await asyncio.shield(job.result)
        finally:
            job.waiting -= 1
            if not job.is_started:
                self._withdraw(job, client)

    def close(self) -> None:
        """End the threads once they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _serve(self) -> None:
        while self._free and self._queues:
            client, queue = self._queues.popitem(last=False)
            job = next(iter(queue))
            del queue[job]
            if queue:
                self._queues[client] = queue
            if not job.is_started:
                self._free -= 1
                job.start(self._threads).add_done_callback(self._go_on)

    def _go_on(self, _running: asyncio.Future[Any]) -> None:
        self._free += 1
        self._serve()

    def _withdraw(self, job: Job[Any], client: Hashable) -> None:
        queue = self._queues[client]
        queue[job] -= 1
        if not queue[job]:
            del queue[job]
        if not queue:
            del self._queues[client]
