"""The JSON of the latest results, one for all equal subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from sys import getsizeof

from walletsvc.bounded import BoundedTable
from walletsvc.events.workers import Job, Workers

MAX_KEPT_BYTES = 4 * 2**20
"""How much is kept for subscribers that reach an event later than others."""
_PLACE_BYTES = 256
"""The size of a key: the number of an event and the key of an operation."""


class Results:
    """Builds each result once, in a thread, and keeps the latest."""

    def __init__(self, workers: Workers, *, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._workers = workers
        self._building: dict[Hashable, Job[str]] = {}
        self._texts: BoundedTable[Hashable, str] = BoundedTable(max_bytes=max_bytes, max_entry_bytes=max_bytes)

    async def get(self, place: Hashable, build: Callable[[], str], client: Hashable) -> str:
        """Return the JSON for a place: an event and an operation. The first to ask has it built."""
        text = self._texts.get(place)
        if text is not None:
            return text
        job = self._building.get(place)
        if job is None:
            job = self._building[place] = Job(build)
        try:
            text = await self._workers.wait_for(job, client)
        finally:
            if not job.waiting:
                self._building.pop(place, None)
        # In bytes: with one emoji in it, a text takes four times as many as it has characters.
        self._texts.put(place, text, size=_PLACE_BYTES + getsizeof(text))
        return text
