"""Feeds of events: each is read once for all subscribers who watch a wallet in the same way."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncGenerator, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import count

from walletsvc import errors
from walletsvc.events import follow
from walletsvc.events.reader import Reader
from walletsvc.events.since import list_sequences, sequence_of
from walletsvc.events.topics import Topic
from walletsvc.events.workers import Job
from walletsvc.queries.records import Record

logger = logging.getLogger(__name__)

WAKE_SECONDS = 0.02
"""The shortest time between two reads of a feed: changes that come faster are read together."""
RETRY_SECONDS = 1.0

_numbers = count()


@dataclass(frozen=True, slots=True)
class Event:
    """A state or an entry of a wallet, and a number that no other event of this process has."""

    number: int
    record: Record


class _Page:
    """Events that are being read or sent, and how many subscribers need them. It is dropped after the last."""

    def __init__(self, job: Job[list[Event]]) -> None:
        self.job = job
        self.readers = 0


class Feed:
    """A topic with at least one subscriber."""

    def __init__(self, topic: Topic, reader: Reader) -> None:
        self.topic = topic
        self.watchers = 0
        self._reader = reader
        self._changed = asyncio.Event()
        self._pages: dict[int, _Page] = {}
        self._waking: asyncio.TimerHandle | None = None
        self._next_wake = 0.0

    def wake(self) -> None:
        """Let all watchers read on, at once or `WAKE_SECONDS` after the last time."""
        if self._waking is None:
            loop = asyncio.get_running_loop()
            self._waking = loop.call_at(max(loop.time(), self._next_wake), self._wake)

    def _wake(self) -> None:
        self._waking = None
        self._next_wake = asyncio.get_running_loop().time() + WAKE_SECONDS
        self._pages.clear()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def events_after(self, sequence: int, client: Hashable) -> AsyncGenerator[Event, None]:
        """Iterate over the events after `sequence`, without end. Raises `NotFound` once the wallet is deleted."""
        while True:
            changed = self._changed  # taken before the read, so that a change during it is not missed
            page = self._page(sequence)
            page.readers += 1
            try:
                events = await self._reader.wait_for(page.job, client)
                for event in events:
                    yield event
            except (errors.Unavailable, errors.Conflict) as error:
                # An error would only make the client subscribe again.
                logger.warning("The feed of wallet %d is read again in a moment: %s", self.topic.wallet_id, error)
                self._forget(sequence, page)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            finally:
                page.readers -= 1
                if not page.readers:
                    self._forget(sequence, page)
            if events:
                sequence = sequence_of(events[-1].record)
            is_full = len(events) == self.topic.page_size
            del page, events  # nothing is held while there is nothing to send
            if not is_full:
                await changed.wait()

    def _page(self, sequence: int) -> _Page:
        """Return the page after a sequence: one for all who are there."""
        page = self._pages.get(sequence)
        if page is None:
            page = self._pages[sequence] = _Page(self._reader.job(partial(self._read, sequence)))
        return page

    def _read(self, sequence: int) -> list[Event]:
        return [Event(next(_numbers), record) for record in self.topic.read(sequence)]

    def _forget(self, sequence: int, page: _Page) -> None:
        if self._pages.get(sequence) is page:
            del self._pages[sequence]

    def close(self) -> None:
        """Cancel the timer, after the last watcher has left."""
        if self._waking is not None:
            self._waking.cancel()


def _is_cancelled() -> bool:
    """Tell whether the current task was cancelled: redis-py swallows that while it connects."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Feeds:
    """All feeds of a process, and the one task that wakes them."""

    def __init__(self) -> None:
        self.reader = Reader()
        self._feeds: dict[Topic, Feed] = {}
        self._by_wallet: defaultdict[int, set[Feed]] = defaultdict(set)
        self._sequences: dict[int, int] = {}
        self._is_watched = asyncio.Event()

    @property
    def watchers(self) -> int:
        """The number of subscriptions."""
        # A copy: another thread may ask while there are new ones.
        return sum(feed.watchers for feed in [*self._feeds.values()])

    def close(self) -> None:
        """End the threads once they are done."""
        self.reader.close()

    def wake_all(self) -> None:
        """Let all read again, whatever has been announced."""
        for feed in self._feeds.values():
            feed.wake()

    async def watch(self, topic: Topic, *, after: int | None, client: Hashable) -> AsyncGenerator[Event, None]:
        """Return the events after the sequence `after`, without end; without it, those that a new subscriber gets.

        Raises `NotFound` if there is no such wallet. So does the iteration, once the wallet has been deleted.
        """
        now = await self.reader.run(topic.read_sequence, client)
        return self._events_after(topic.first_after(now) if after is None else after, topic, client)

    async def _events_after(self, after: int, topic: Topic, client: Hashable) -> AsyncGenerator[Event, None]:
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = Feed(topic, self.reader)
            self._by_wallet[topic.wallet_id].add(feed)
            self._is_watched.set()
        feed.watchers += 1
        try:
            async with aclosing(feed.events_after(after, client)) as events:
                async for event in events:
                    yield event
        finally:
            feed.watchers -= 1
            if not feed.watchers:
                self._forget(feed)

    def _forget(self, feed: Feed) -> None:
        feed.close()
        del self._feeds[feed.topic]
        of_wallet = self._by_wallet[feed.topic.wallet_id]
        of_wallet.discard(feed)
        if not of_wallet:
            del self._by_wallet[feed.topic.wallet_id]
            self._sequences.pop(feed.topic.wallet_id, None)
        if not self._feeds:
            self._is_watched.clear()

    async def run(self) -> None:
        """Follow changes and wake the feeds of their wallets, until cancelled. Waits while nothing is watched."""
        while not _is_cancelled():
            await self._is_watched.wait()
            try:
                # Following begins with a look, which finds the changes before it.
                async with aclosing(follow.follow()) as hints:
                    async for hint in hints:
                        if _is_cancelled() or not self._is_watched.is_set():
                            break
                        wallet_ids = await self._look() if hint is None else hint
                        for wallet_id in wallet_ids & self._by_wallet.keys():
                            for feed in self._by_wallet[wallet_id]:
                                feed.wake()
            except Exception:
                logger.exception("Following the changes failed, beginning again")
                await asyncio.sleep(RETRY_SECONDS)
        raise asyncio.CancelledError

    async def _look(self) -> frozenset[int]:
        """Return the watched wallets whose sequence differs from that of the last look: one query for all."""
        watched = frozenset(self._by_wallet)
        if not watched:
            return watched
        try:
            found = await self.reader.run(partial(list_sequences, wallet_ids=watched), self)
        except errors.WalletError:
            return frozenset()
        seen, self._sequences = self._sequences, found
        return frozenset(each for each in watched if each not in seen or seen[each] != found.get(each))
