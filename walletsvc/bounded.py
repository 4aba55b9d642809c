"""Tables that callers fill: bounded in bytes, whatever the callers send."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ENTRY_BYTES = 256
"""What an entry takes beside its key and its value: its places in the table, and the tuple that it is."""


class BoundedTable(Generic[K, V]):
    """Keeps values by key, up to a number of bytes; drops those that were used least recently.

    Whoever puts a value in says how large it is: what it holds on to, and its key. What is larger than
    `max_entry_bytes` is not kept, so that one caller's large one does not push out all others'.
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
        """How much is kept."""
        return self._bytes

    def get(self, key: K) -> V | None:
        """Return the value under `key`."""
        # Without the lock, for which each request would wait: either call is one step to all other threads.
        found = self._entries.get(key)
        if found is None:
            return None
        try:  # noqa: SIM105 - a context manager would cost more than all of the above
            self._entries.move_to_end(key)
        except KeyError:  # dropped by another thread meanwhile
            pass
        return found[0]

    def put(self, key: K, value: V, *, size: int) -> None:
        """Keep `value`, of `size` bytes with its key, in the place of any other."""
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
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0
