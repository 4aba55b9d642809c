"""One core for each process, where there are as many processes as cores.

The threads of a process take turns with the interpreter's lock, so they never need two cores. Spread over two, each
turn wakes the other core and moves the data there (docs/performance.md has what that costs).
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
"""A server that renews its processes starts the next one before it ends the one before, which has the core."""


def keep_to_one_core(application: Application) -> Application:
    """Return `application` (PEP 3333) so that the threads that call it stay on the core of their process.

    As it was, where threads are better left to the system: with WEB_AFFINITY off; where there are more cores than
    processes or fewer, as others may have chosen the same ones; and on systems that have no way to do it.
    """
    if not settings.WEB_AFFINITY or not hasattr(os, "sched_setaffinity"):
        return application
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) != settings.WEB_WORKERS or len(cores) == 1:
        return application
    claim = _Claim(cores)
    thread = threading.local()

    def pinned(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        # Thread by thread: the server has others, which may well run beside these.
        if not hasattr(thread, "core") and (core := claim.core()) is not None:
            thread.core = core
            # The cores may be others by now, or the system may not let us choose: then it is the system's choice.
            with suppress(OSError):
                os.sched_setaffinity(0, {core})
        return application(environ, start_response)

    return pinned


class _Claim:
    """The core of this process: one that no other process of the same parent has, as soon as there is one.

    The claim is a name in the abstract namespace of sockets, which is free again when the process ends, however that
    is (https://man7.org/linux/man-pages/man7/unix.7.html).
    """

    def __init__(self, cores: list[int]) -> None:
        self._cores = cores
        self._mutex = threading.Lock()
        self._held: dict[int, tuple[int, socket.socket]] = {}
        self._ask_at = 0.0

    def core(self) -> int | None:
        """Return the core, the same for all threads, or None while there is none."""
        with self._mutex:
            # By process, as one that is forked has what was claimed before.
            pid = os.getpid()
            if pid not in self._held and time.monotonic() >= self._ask_at:
                self._ask_at = time.monotonic() + RETRY_SECONDS
                self._ask(pid)
            return self._held[pid][0] if pid in self._held else None

    def _ask(self, pid: int) -> None:
        for core in self._cores:
            # Taken, or no such sockets are allowed here.
            with suppress(OSError):
                name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                try:
                    name.bind(f"\0walletsvc-{os.getppid()}-core-{core}")
                except OSError:
                    name.close()
                    raise
                self._held[pid] = (core, name)
                return
