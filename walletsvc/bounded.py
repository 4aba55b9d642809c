"""Tables that callers fill, bounded in bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRY_BYTES = 256
"""The overhead of an entry: its places in the table, and its tuple."""


class BoundedTable(Generic[K, V]):
    """Keeps values by key, up to a number of bytes; drops the least recently used.

    The caller of `put` states the size of a value, with everything it refers to, and of its key. A value larger than
    `max_entry_bytes` is not kept, so that one caller's cannot push out all others.
    """

    def __init__(self, *, max_bytes: int, max_entry_bytes: int) -> None:
        self._entries: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._max_entry_bytes = max_entry_bytes
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """Return how much is kept, in bytes."""
        return self._bytes

    def get(self, key: K) -> V | None:
        """Return the value under `key`."""
        # Without the lock, which each request would wait for: to other threads, each call is a single step.
        found = self._entries.get(key)
        if found is None:
            return None
        try:  # noqa: SIM105 - a context manager would cost more than all of the above
            self._entries.move_to_end(key)
        except KeyError:  # dropped by another thread meanwhile
            pass
        return found[0]

    def put(self, key: K, value: V, *, size: int) -> None:
        """Keep `value`, of `size` bytes with its key, in place of any other."""
        size += ENTRY_BYTES
        with self._lock:
            previous = self._entries.pop(key, None)
            if previous is not None:
                self._bytes -= previous[1]
            if size > self._max_entry_bytes:
                return
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self._max_bytes:
                _, (_, dropped) = self._entries.popitem(last=False)
                self._bytes -= dropped

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0
