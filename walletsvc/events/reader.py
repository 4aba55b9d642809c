"""Threads that read the database, each with a connection of its own, so that the event loop never waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from functools import partial
from typing import TypeVar

from django.db import Error, close_old_connections, connection

from walletsvc import errors
from walletsvc.db.failures import refusal_of
from walletsvc.events.workers import Job, Workers

logger = logging.getLogger(__name__)

T = TypeVar("T")

READING_THREADS = 4


class Reader:
    """Reads for clients in turn. While the database does not answer, a read raises `Unavailable` or `Conflict`."""

    def __init__(self) -> None:
        self._workers = Workers(READING_THREADS, name="live-read")

    def job(self, read: Callable[[], T]) -> Job[T]:
        """Return a job, not started yet, that several clients can wait for."""
        return Job(partial(_run, read))

    async def wait_for(self, job: Job[T], client: Hashable) -> T:
        """Run the read in a thread, unless it has run, and return its result."""
        return await self._workers.wait_for(job, client)

    async def run(self, read: Callable[[], T], client: Hashable) -> T:
        """Run `read` in a thread and return its result."""
        return await self.wait_for(self.job(read), client)

    def close(self) -> None:
        """End the threads once they are done."""
        self._workers.close()


def _run(read: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return read()
    except Error as error:
        connection.close()
        logger.warning("The database does not answer: %s", error)
        raise refusal_of(error) or errors.Unavailable("The database does not answer.") from error
