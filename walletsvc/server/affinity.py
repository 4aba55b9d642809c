"""One core for each process, if there are as many processes as cores.

The threads of a process share the interpreter's lock, so they never need two cores. Spread over two, each
switch wakes the other core and moves the data there (docs/performance.md has the cost).
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings

Application = Callable[..., Any]

RETRY_SECONDS = 1.0
"""A server that replaces its processes starts the next one before it ends the old one, which holds the core."""


def keep_to_one_core(application: Application) -> Application:
    """Return `application` (PEP 3333) so that the threads that call it stay on the core of their process.

    Returns it unchanged if the system should place the threads: with WEB_AFFINITY off; with more or fewer cores than
    processes, because other programs may have chosen the same cores; and on systems without affinity.
    """
    if not settings.WEB_AFFINITY or not hasattr(os, "sched_setaffinity"):
        return application
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) != settings.WEB_WORKERS or len(cores) == 1:
        return application
    claim = _Claim(cores)
    thread = threading.local()

    def pinned(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        # Only these threads: the server has others, which may run on other cores.
        if not hasattr(thread, "core") and (core := claim.core()) is not None:
            thread.core = core
            # The set of cores may have changed, or the system may forbid the choice: then the system places the
            # thread.
            with suppress(OSError):
                os.sched_setaffinity(0, {core})
        return application(environ, start_response)

    return pinned


class _Claim:
    """The core of this process: one that no other process of the same parent has, once one is free.

    The claim is a name in the abstract namespace of sockets, which the system frees whenever and however the process
    ends (https://man7.org/linux/man-pages/man7/unix.7.html).
    """

    def __init__(self, cores: list[int]) -> None:
        self._cores = cores
        self._mutex = threading.Lock()
        self._held: dict[int, tuple[int, socket.socket]] = {}
        self._ask_at = 0.0

    def core(self) -> int | None:
        """Return the core, the same for all threads, or None if no core is free."""
        with self._mutex:
            # By process: a forked process inherits its parent's claim.
            pid = os.getpid()
            if pid not in self._held and time.monotonic() >= self._ask_at:
                self._ask_at = time.monotonic() + RETRY_SECONDS
                self._ask(pid)
            return self._held[pid][0] if pid in self._held else None

    def _ask(self, pid: int) -> None:
        for core in self._cores:
            # Taken, or such sockets are not allowed here.
            with suppress(OSError):
                name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                try:
                    name.bind(f"\0walletsvc-{os.getppid()}-core-{core}")
                except OSError:
                    name.close()
                    raise
                self._held[pid] = (core, name)
                return
