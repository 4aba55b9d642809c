"""One core for each process, where there are as many processes as cores.

The threads of a process take turns with the interpreter's lock, so they never need two cores. Spread over two, each
turn wakes the other core and moves the data there (docs/performance.md has what that costs).
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings

Application = Callable[..., Any]

_mutex = threading.Lock()
_claims: list[socket.socket] = []
"""They last as long as the process does."""


def keep_to_one_core(application: Application) -> Application:
    """Return `application` (PEP 3333) so that the threads that call it stay on the core of their process.

    As it was, where threads are better left to the system: with WEB_AFFINITY off; where there are more cores than
    processes or fewer, as others may have chosen the same ones; and on systems that have no way to do it.
    """
    if not settings.WEB_AFFINITY or not hasattr(os, "sched_setaffinity"):
        return application
    cores = tuple(sorted(os.sched_getaffinity(0)))
    if len(cores) != settings.WEB_WORKERS or len(cores) == 1:
        return application
    thread = threading.local()

    def pinned(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        # Thread by thread: the server has others, which may well run beside these.
        if not hasattr(thread, "core"):
            with _mutex:
                thread.core = _claim_core(cores, os.getpid())
            if thread.core is not None:
                os.sched_setaffinity(0, {thread.core})
        return application(environ, start_response)

    return pinned


@lru_cache(maxsize=1)
def _claim_core(cores: tuple[int, ...], pid: int) -> int | None:
    """Return a core that no other process of the same parent has, or None if there is none.

    The claim is a name in the abstract namespace of sockets, which is free again when the process ends, however that
    is (https://man7.org/linux/man-pages/man7/unix.7.html).
    """
    for core in cores:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0walletsvc-{os.getppid()}-core-{core}")
        except OSError:
            claim.close()
        else:
            _claims.append(claim)
            return core
    return None
