"""Work that a process does from time to time in a thread of its own, so that no request waits for it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from multiprocessing import util

logger = logging.getLogger(__name__)

END_SECONDS = 1.0
"""How long the end of a process waits for work that is under way."""


class Background:
    """Calls `work` at once, at intervals and on demand, from `start` until the process ends.

    A forked process gets a thread of its own. `work` that raises is called again after the interval.
    """

    def __init__(self, work: Callable[[], None], *, seconds: float, name: str) -> None:
        self._work = work
        self._seconds = seconds
        self._name = name
        self._thread: threading.Thread | None = None
        self._is_wanted = threading.Event()
        self._is_stopping = False
        os.register_at_fork(after_in_child=self._start_again)

    def start(self) -> None:
        """Start the thread, unless it has started."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        # Also at the end of a process started by multiprocessing, which does not run `atexit`.
        util.Finalize(self, self.stop, exitpriority=0)

    def hurry(self) -> None:
        """Have the work done soon, if the thread has started. Does not wait."""
        self._is_wanted.set()

    def stop(self) -> None:
        """End the thread, after the work that it is doing or, if that takes long, in the middle of it."""
        self._is_stopping = True
        self._is_wanted.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        while not self._is_stopping:
            try:
                self._work()
            except Exception:
                logger.exception("%s failed, and is tried again later", self._name)
            self._is_wanted.wait(self._seconds)
            self._is_wanted.clear()

    def _start_again(self) -> None:
        if self._thread is not None and not self._is_stopping:
            # The parent's thread is not here, and may have held the lock of the event.
            self._thread, self._is_wanted = None, threading.Event()
            self.start()
