"""Answers that are sent in parts, while their client reads: large files, and statements with all their lines.

The thread that sends them waits for its client, who may never read on, and its place and its database connection with
it. So only half of the threads of a process may do that at a time: the others answer everybody else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress

from django.conf import settings

from walletsvc import errors

RETRY_SECONDS = 5


class Streams:
    """Has room for so many at a time."""

    def __init__(self, most: int) -> None:
        self._room = threading.BoundedSemaphore(most)

    def begin(self, parts: Iterable[bytes]) -> Stream:
        """Return the parts of an answer, which takes room until it is closed. Raises `Unavailable` without any."""
        if not self._room.acquire(blocking=False):
            raise errors.Unavailable("Too many long answers are being sent.", retry_after_seconds=RETRY_SECONDS)
        return Stream(parts, self._room)


class Stream(Iterator[bytes]):
    """The parts of one answer."""

    def __init__(self, parts: Iterable[bytes], room: threading.BoundedSemaphore) -> None:
        self._parts = parts
        self._next = iter(parts)
        self._room: threading.BoundedSemaphore | None = room

    def __next__(self) -> bytes:
        return next(self._next)

    def close(self) -> None:
        """Leave the rest."""
        room, self._room = self._room, None
        if room is not None:
            room.release()
        with suppress(AttributeError):
            self._parts.close()  # type: ignore[attr-defined]  # a generator has it

    def __del__(self) -> None:
        # If nobody has begun to read it, nobody may close it.
        self.close()


streams = Streams(max(1, settings.WEB_THREADS // 2))
