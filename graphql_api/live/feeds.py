"""What happens to a wallet, read once for all who watch it in the same way."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from django.db import DatabaseError, close_old_connections, connection

from walletsvc import changes, engines, errors
from walletsvc.principals import Principal
from walletsvc.reading.questions import MAX_PAGE_SIZE, Selection
from walletsvc.reading.records import Record
from walletsvc.selectors.changes import get_wallet, list_entries_after, list_sequences, sequence_of

logger = logging.getLogger(__name__)

T = TypeVar("T")

READING_THREADS = 4
WAKE_SECONDS = 0.02
"""The shortest time between two reads of a feed: what a busy wallet goes through in between is read at once."""
RETRY_SECONDS = 1.0
_READS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Topic:
    """The entries of a wallet, or its state: as one caller sees them, as one document selects them."""

    resource: str
    wallet_id: int
    principal: Principal
    selection: Selection

    def read(self, sequence: int) -> list[Record]:
        """Return the entries behind `sequence`, a page at most, or the wallet if it is beyond. Raises `NotFound`."""
        if self.resource == "Entry":
            return list_entries_after(
                principal=self.principal, wallet_id=self.wallet_id, sequence=sequence, selection=self.selection
            )
        wallet = self.read_wallet()
        return [wallet] if sequence_of(wallet) > sequence else []

    def read_wallet(self) -> Record:
        """Return the wallet as it is. Raises `NotFound`."""
        selection = self.selection if self.resource == "Wallet" else Selection(fields=frozenset())
        return get_wallet(principal=self.principal, wallet_id=self.wallet_id, selection=selection)


class Feed:
    """A topic that is being watched."""

    def __init__(self, topic: Topic, reader: Reader) -> None:
        self.topic = topic
        self.watchers = 0
        self._reader = reader
        self._changed = asyncio.Event()
        self._reads: OrderedDict[int, asyncio.Future[list[Record]]] = OrderedDict()
        self._waking: asyncio.TimerHandle | None = None
        self._next_wake = 0.0

    def wake(self) -> None:
        """Let all watchers read on, now or in a moment."""
        if self._waking is None:
            loop = asyncio.get_running_loop()
            self._waking = loop.call_at(max(loop.time(), self._next_wake), self._wake)

    def _wake(self) -> None:
        self._waking = None
        self._next_wake = asyncio.get_running_loop().time() + WAKE_SECONDS
        self._reads.clear()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def records_after(self, sequence: int) -> AsyncGenerator[Record, None]:
        """Iterate over what comes behind `sequence`, without end. Raises `NotFound` once the wallet is gone."""
        while True:
            changed = self._changed  # taken before the read, so that a change during it is not missed
            try:
                records = await self._read(sequence)
            except (errors.Unavailable, errors.Conflict) as error:
                # The client would only come back and ask again.
                logger.warning("Wallet %d is read again in a moment: %s", self.topic.wallet_id, error)
                await asyncio.sleep(RETRY_SECONDS)
                self._reads.pop(sequence, None)
                continue
            for record in records:
                yield record
                sequence = sequence_of(record)
            if len(records) < MAX_PAGE_SIZE:
                await changed.wait()

    def _read(self, sequence: int) -> asyncio.Future[list[Record]]:
        """Return the read from this place: one for all who are there."""
        read = self._reads.get(sequence)
        if read is None:
            read = self._reads[sequence] = self._reader.submit(lambda: self.topic.read(sequence))
            if len(self._reads) > _READS_KEPT:
                self._reads.popitem(last=False)
        # One who leaves does not take it away from the others.
        return asyncio.shield(read)

    def close(self) -> None:
        """Let go of what the last watcher has left."""
        if self._waking is not None:
            self._waking.cancel()


class Reader:
    """Threads that read the database, each with a connection of its own: the event loop never waits for it."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(READING_THREADS, thread_name_prefix="live-read")

    def submit(self, read: Callable[[], T]) -> asyncio.Future[T]:
        """Run `read` in a thread. Raises what it raises; for a database in trouble, `Unavailable` or `Conflict`."""
        future = asyncio.get_running_loop().run_in_executor(self._threads, _run, read)
        # Its readers may all have left by the time that it fails.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        return future

    def close(self) -> None:
        """End the threads once they are done."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _run(read: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return read()
    except DatabaseError as error:
        connection.close()
        if engines.is_contention(error):
            raise errors.Conflict("Others are in the way. Try again.") from error
        logger.warning("The database does not answer: %s", error)
        raise errors.Unavailable("The database does not answer.") from error


def _is_cancelled() -> bool:
    """Tell whether the current task was cancelled, and what it awaited went on: redis-py does while it connects."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class Hub:
    """All feeds of a process, and the one task that wakes them."""

    def __init__(self) -> None:
        self.reader = Reader()
        self._feeds: dict[Topic, Feed] = {}
        self._by_wallet: defaultdict[int, set[Feed]] = defaultdict(set)
        self._sequences: dict[int, int] = {}
        self._is_watched = asyncio.Event()

    @property
    def watchers(self) -> int:
        """How many subscriptions there are."""
        return sum(feed.watchers for feed in self._feeds.values())

    async def watch(self, topic: Topic, *, after: int) -> AsyncGenerator[Record, None]:
        """Iterate over the records behind the sequence `after`. Raises `NotFound` once the wallet is gone."""
        feed = self._feeds.get(topic)
        if feed is None:
            feed = self._feeds[topic] = Feed(topic, self.reader)
            self._by_wallet[topic.wallet_id].add(feed)
            self._is_watched.set()
        feed.watchers += 1
        try:
            async with aclosing(feed.records_after(after)) as records:
                async for record in records:
                    yield record
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
        """Follow the changes and wake the feeds, until cancelled; while nothing is watched, let them be."""
        while not _is_cancelled():
            await self._is_watched.wait()
            try:
                # What came before we follow is found by the look that this begins with.
                async with aclosing(changes.follow()) as hints:
                    async for hint in hints:
                        if _is_cancelled() or not self._is_watched.is_set():
                            break
                        wallet_ids = await self._look() if hint is None else hint
                        for wallet_id in wallet_ids & self._by_wallet.keys():
                            for feed in self._by_wallet[wallet_id]:
                                feed.wake()
            except Exception:
                logger.exception("Following the changes broke off, beginning again")
                await asyncio.sleep(RETRY_SECONDS)
        raise asyncio.CancelledError

    async def _look(self) -> frozenset[int]:
        """Return the watched wallets whose sequence differs from that of the last look: one query for all."""
        watched = frozenset(self._by_wallet)
        if not watched:
            return watched
        try:
            found = await self.reader.submit(lambda: list_sequences(wallet_ids=watched))
        except errors.WalletError:
            return frozenset()
        seen, self._sequences = self._sequences, found
        return frozenset(each for each in watched if each not in seen or seen[each] != found.get(each))
