"""The cache in this process's memory: all of it, or copies of responses in Redis."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Generic, TypeVar

from walletsvc.cache.positions import settled
from walletsvc.cache.store import MARK_SECONDS, PROCESS, STAMP_SECONDS

V = TypeVar("V", bound=Sized)

_ENTRY_BYTES = 400
"""The bytes of an entry beside its key and value, as measured for a `LocalCopy`, which needs the most."""


class Bounded(Generic[V]):
    """Keeps values by key for a limited time, and evicts the least recently used. `len` of a value is its bytes.

    The limit in bytes includes the keys and the overhead of entries, which is most of the memory of small values.
    Call its own methods only with `_lock` held.
    """

    def __init__(self, *, max_entries: int, max_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries: OrderedDict[str, tuple[V, float]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._clock = clock

    def clear(self) -> None:
        """Drop all entries."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _get(self, key: str) -> V | None:
        found = self._entries.get(key)
        if found is None:
            return None
        value, expires = found
        if expires <= self._clock():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return value

    def _put(self, key: str, value: V, seconds: float) -> None:
        self._remove(key)
        self._entries[key] = (value, self._clock() + seconds)
        self._bytes += _size_of(key, value)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            # In one step: `LocalCopies.get` changes the order without the lock.
            evicted, (removed, _) = self._entries.popitem(last=False)
            self._bytes -= _size_of(evicted, removed)

    def _seconds_left(self, key: str) -> float:
        return self._entries[key][1] - self._clock()

    def _remove(self, key: str) -> None:
        removed = self._entries.pop(key, None)
        if removed is not None:
            self._bytes -= _size_of(key, removed[0])


def _size_of(key: str, value: Sized) -> int:
    # The keys are this program's own ASCII, one byte a character.
    return len(key) + len(value) + _ENTRY_BYTES


class MemoryStore(Bounded[bytes]):
    """The store for a single process: the embedded default. Bounded like `LocalCopies`; stamps are entries too."""

    copies = None
    in_doubt = False
    is_shared = False

    def __init__(
        self,
        *,
        max_entries: int = 4096,
        max_bytes: int = 16 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(max_entries=max_entries, max_bytes=max_bytes, clock=clock)

    @property
    def own_instance(self) -> str:
        return PROCESS.name

    def probe(self) -> str:
        return PROCESS.name

    def get_many(self, keys: Sequence[str], instance: str = "") -> list[bytes | None]:
        with self._lock:
            return [self._get(key) for key in keys]

    def fetch(self, keys: Sequence[str], instance: str = "") -> tuple[list[bytes | None], float]:
        return self.get_many(keys), 0

    def put(self, key: str, value: bytes, *, seconds: int, instance: str = "") -> None:
        with self._lock:
            self._put(key, value, seconds)

    def create_missing(self, tokens: Mapping[str, bytes], *, instance: str = "") -> None:
        with self._lock:
            for key, token in tokens.items():
                if self._get(key) is None:
                    self._put(key, token, STAMP_SECONDS)

    def mark(self, keys: Iterable[str], mark: bytes, *, instance: str = "") -> None:
        with self._lock:
            for key in keys:
                self._put(key, mark, MARK_SECONDS)

    def settle(
        self,
        tokens: Mapping[str, bytes],
        *,
        mark: bytes,
        instance: str = "",
        channel: str = "",
        announcement: bytes = b"",
        position: bytes = b"",
    ) -> None:
        with self._lock:
            for key, token in tokens.items():
                current = self._get(key)
                left, is_ours = settled(current, mark=mark, token=token, position=position)
                if is_ours:
                    self._put(key, left, STAMP_SECONDS)
                elif left != current:
                    self._put(key, left, self._seconds_left(key))


@dataclass(frozen=True, slots=True)
class LocalCopy:
    """A response with its tag, and the stamps that it was stored under."""

    stamps: bytes
    etag: str
    body: bytes

    def __len__(self) -> int:
        return len(self.stamps) + len(self.etag) + len(self.body)

    def __bool__(self) -> bool:
        return True


class LocalCopies(Bounded[LocalCopy]):
    """Copies of responses from a store that processes share. Only that store's stamps tell whether a copy is valid.

    16 MiB in each worker hold 270 pages of 60 KB, or 4,096 single wallets with room to spare; a missing copy costs a
    transfer, not a query. With all other tables that callers fill, a worker grows by less than 64 MiB.
    """

    MAX_ENTRIES = 4096
    MAX_BYTES = 16 * 2**20
    MAX_COPY_BYTES = 2**20
    """One large response must not evict all others."""

    def __init__(
        self,
        *,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(max_entries=max_entries, max_bytes=max_bytes, clock=clock)

    def get(self, key: str) -> LocalCopy | None:
        """Return the copy under `key`, unless it has expired."""
        # Without the lock, which each hit would wait for: to other threads, each call is a single step.
        found = self._entries.get(key)
        if found is None or found[1] <= self._clock():
            return None
        try:  # noqa: SIM105 - a context manager would cost more than all of the above
            self._entries.move_to_end(key)
        except KeyError:  # removed by another thread meanwhile
            pass
        return found[0]

    def now(self) -> float:
        """Return the time on this clock, for `put`."""
        return self._clock()

    def put(self, key: str, copy: LocalCopy, *, until: float) -> None:
        """Keep `copy` in place of any other until that time on `now`'s clock, unless it is too large."""
        with self._lock:
            seconds = until - self._clock()
            if len(copy) > self.MAX_COPY_BYTES or seconds <= 0:
                self._remove(key)
            else:
                self._put(key, copy, seconds)

    def forget(self, key: str) -> None:
        """Drop the copy under `key`."""
        with self._lock:
            self._remove(key)
