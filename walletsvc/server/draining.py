"""Whether the server is about to end: a file without a name, which the supervisor shares with its processes."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

VARIABLE = "WALLETSVC_DRAINING"
"""The environment variable with the number of the file's descriptor."""


def prepare() -> int:
    """Make the file, and return its descriptor, which every process to be told must inherit."""
    with tempfile.TemporaryFile() as file:
        descriptor = os.dup(file.fileno())
    os.environ[VARIABLE] = str(descriptor)
    return descriptor


def begin() -> None:
    """Tell all processes that share the file."""
    os.pwrite(int(os.environ[VARIABLE]), b"1", 0)


def is_draining() -> bool:
    """Tell whether the supervisor has begun to drain; False without one."""
    descriptor = os.environ.get(VARIABLE)
    if descriptor is not None:
        with suppress(OSError, ValueError):
            return os.pread(int(descriptor), 1, 0) != b""
    return False
