"""The texts of the latest results: equal subscriptions have one, however many they are."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from graphql_api.live.workers import Job, Workers

MAX_KEPT_CHARACTERS = 4_000_000
"""How much text is kept for those who come to an event later than others."""


class Results:
    """Makes each result once, in a thread, and keeps the latest."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._building: dict[Hashable, Job[str]] = {}
        self._texts: OrderedDict[Hashable, str] = OrderedDict()
        self._characters = 0

    async def get(self, place: Hashable, build: Callable[[], str], client: Hashable) -> str:
        """Return the text for a place, an event and an operation. The first who asks has it built."""
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
        self._keep(place, text)
        return text

    def _keep(self, place: Hashable, text: str) -> None:
        if place in self._texts:
            return
        self._texts[place] = text
        self._characters += len(text)
        while self._characters > MAX_KEPT_CHARACTERS:
            _, dropped = self._texts.popitem(last=False)
            self._characters -= len(dropped)
