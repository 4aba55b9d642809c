"""The end of a server in steps, of which the supervisor tells its processes through a file without a name.

First `/readyz` says that the server is about to end, and load balancers send their requests elsewhere; it still
answers all. Then subscribers are told to go, and then it stops to accept connections.
"""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress

VARIABLE = "WALLETSVC_DRAINING"
"""The environment variable with the number of the file's descriptor."""
SECONDS = "DRAIN_SECONDS"

LOOK_SECONDS = 0.2
"""How often the live server looks whether it has come so far."""
FAREWELL_SECONDS = 1.0
"""How long subscribers have to be told: they get what has happened before."""

_DRAINING, _ENDING = b"1", b"2"


def prepare() -> int:
    """Make the file, and return its descriptor, which every process to be told must inherit."""
    with tempfile.TemporaryFile() as file:
        descriptor = os.dup(file.fileno())
    os.environ[VARIABLE] = str(descriptor)
    return descriptor


def begin() -> None:
    """Tell all processes that share the file that the server is about to end."""
    _write(_DRAINING)


def drain(hurry: threading.Event, *, has_subscribers: bool) -> None:
    """Let all processes know that the server ends, and return when it may; sooner if one is in a `hurry`."""
    begin()
    hurry.wait(float(os.environ.get(SECONDS, "0")))
    _write(_ENDING)
    if has_subscribers:
        hurry.wait(FAREWELL_SECONDS)


def is_draining() -> bool:
    """Tell whether the supervisor has begun to drain; False without one."""
    return _read() != b""


def is_ending() -> bool:
    """Tell whether subscribers should go."""
    return _read() == _ENDING


def _write(step: bytes) -> None:
    os.pwrite(int(os.environ[VARIABLE]), step, 0)


def _read() -> bytes:
    descriptor = os.environ.get(VARIABLE)
    if descriptor:
        with suppress(OSError, ValueError):
            return os.pread(int(descriptor), 1, 0)
    return b""
