"""The thread that keeps the lease of a process."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from multiprocessing import util

from walletsvc.cache.lease.keeper import Instances, Keeper
from walletsvc.cache.lease.row import DatabaseRow
from walletsvc.cache.lease.state import POLL_SECONDS, UNKNOWN, State

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""How long a caller waits at most for a new lease. Without one, it continues without the cache."""

_ABANDONED: list[DatabaseRow] = []
"""Rows of the process that this one was forked from: closing their connections here would end them there."""


class BackgroundKeeper(Keeper):
    """A keeper with a thread, which starts at the first use in a process and ends with the process."""

    def __init__(self, *, instances: Callable[[], Instances]) -> None:
        self._own_row = DatabaseRow()
        super().__init__(row=self._own_row, instances=instances)
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._rounds = 0
        self._is_hurried = False
        self._is_stopping = False
        os.register_at_fork(after_in_child=self._forget_parent)

    def start(self) -> None:
        """Start the thread, unless it has started. Does not wait."""
        with self._condition:
            if self._is_stopping or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = threading.Thread(target=self._run, name="walletsvc-leases", daemon=True)
            self._thread.start()
            # Also at the end of a process started by multiprocessing, which does not run `atexit`.
            util.Finalize(self, self.stop, exitpriority=0)

    def refresh(self) -> State:
        """Have the row read soon, and return the state after that; the current one, if that takes too long."""
        self.start()
        with self._condition:
            # A read that is under way may be too early.
            enough = self._rounds + 2
            self._is_hurried = True
            self._condition.notify_all()
            self._condition.wait_for(
                lambda: self._rounds >= enough or self.clock() < self.state.valid_until, PATIENCE_SECONDS
            )
        return self.state

    def stop(self) -> None:
        """End the thread, and give back a cache that ends with this process, so that no process waits for it."""
        with self._condition:
            thread, self._is_stopping = self._thread, True
            self._condition.notify_all()
        if thread is not None and thread is not threading.current_thread():
            thread.join(2 * PATIENCE_SECONDS)

    def _run(self) -> None:
        is_failing = False
        while True:
            try:
                self.step()
                is_failing = False
            except Exception as error:
                # Warn once, rather than at each interval of a long outage.
                logger.log(
                    logging.DEBUG if is_failing else logging.WARNING, "The state of the cache is unknown: %s", error
                )
                is_failing = True
            with self._condition:
                self._rounds += 1
                self._condition.notify_all()
                if not self._is_stopping and not self._is_hurried:
                    self._condition.wait(POLL_SECONDS)
                self._is_hurried = False
                if self._is_stopping:
                    break
        try:
            self.give_back()
        except Exception as error:
            logger.info("The cache is not given back: %s", error)
        self._own_row.close()

    def _forget_parent(self) -> None:
        _ABANDONED.append(self._own_row)
        self._row = self._own_row = DatabaseRow()
        self._condition = threading.Condition()
        self._thread, self.state, self._is_stopping = None, UNKNOWN, False
