"""A keeper with a thread, and a row that can hold its reads up, on a clock that stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.leases import SharedRow
from walletsvc.cache.lease import Agreement, BackgroundKeeper
from walletsvc.cache.memory import MemoryStore

SOON = 60.0
"""More seconds than a test takes."""
A_MOMENT = 0.1
"""How long to look for what must not happen."""


class Row(SharedRow):
    """A row that is in the middle of a read until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.begun = threading.Semaphore(0)
        """Released by each read that begins."""
        self.gate: threading.Semaphore | None = None
        """If there is one, each read waits for it."""
        self.during: Callable[[int], None] = do_nothing
        """What happens in a read; it gets its number."""
        self.is_closed = False
        self.closing = threading.Event()

    def read(self) -> Agreement | None:
        self.reads += 1
        number = self.reads
        self.begun.release()
        if self.gate is not None:
            assert self.gate.acquire(timeout=SOON)
        self.during(number)
        return super().read()

    def close(self) -> None:
        self.closing.wait(A_MOMENT / 2)
        self.is_closed = True


def do_nothing(_number: int) -> None:
    """Let nothing happen."""


class World:
    """A keeper with its row, on a clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.keeper = BackgroundKeeper(instances=self.place)
        self.keeper.clock = lambda: self.now
        self.store = MemoryStore()
        self.in_use = Agreement("identity", 2, is_suspended=False, instance=self.store.own_instance)
        self.row.agreement = self.in_use

    def place(self) -> MemoryStore:
        return self.store

    @property
    def row(self) -> Row:
        row: Any = self.keeper._own_row
        assert self.keeper._row is row
        return row

    @property
    def thread(self) -> threading.Thread:
        assert self.keeper._thread is not None
        return self.keeper._thread

    def take_a_lease(self, number: int) -> None:
        """Let a read last for as long as a lease, so that it gives none."""
        self.now += 1.0
