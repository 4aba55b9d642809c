"""Bodies of requests: who waits for one keeps no place, and it may not take too long."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextvars import Context, copy_context
from time import monotonic
from typing import Any

from walletsvc.server.places import Place, Places, Seat, Thread
from walletsvc.web.bodies import BodyOverdue

_CHUNK_BYTES = 65_536
"""How much is read at once: only between reads is it known how far a body has come."""

Scope = dict[str, Any]
Call = Callable[[Any, Scope], Any]
"""granian's call for each request, with the object that takes the answer, and the request as a WSGI environment."""


class Body:
    """The body of a request, as `wsgi.input` (PEP 3333)."""

    __slots__ = (
        "_length",
        "_places",
        "_reading",
        "_seat",
        "_stream",
        "context",
        "earlier",
        "is_whole",
        "place",
        "protocol",
        "received",
        "scope",
        "since",
    )

    def __init__(
        self, protocol: Any, scope: Scope, reading: Reading, places: Places, seat: Seat, place: Place
    ) -> None:
        self.protocol = protocol
        self.scope: Scope | None = scope
        """The request, until it is over."""
        self._reading = reading
        self._places = places
        self._seat = seat
        self.place = place
        """That of the thread, which may be another one after a read."""
        self._stream = scope["wsgi.input"]
        self._length = scope.get("CONTENT_LENGTH")
        self.received = 0
        self.since = 0.0
        """When it was first waited for."""
        self.context: Context | None = None
        """What its thread knew of the request then."""
        self.is_whole = False
        self.earlier: Mapping[bytes, int] | None = None
        """What was written to all connections when it had been waited for for a while."""

    def read(self, size: int | None = -1) -> bytes:
        """Return the next `size` bytes, or all that come. Raises `BodyOverdue`."""
        rest = sys.maxsize if size is None or size < 0 else size
        if rest <= _CHUNK_BYTES:
            return self._wait(self._stream.read, rest)
        parts = []
        while rest and (part := self._wait(self._stream.read, min(rest, _CHUNK_BYTES))):
            parts.append(part)
            rest -= len(part)
        return b"".join(parts)

    def readline(self, size: int | None = -1) -> bytes:
        """Return the next line, as long as it is. Raises `BodyOverdue`."""
        return self._wait(self._stream.readline, -1 if size is None else size)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        """Return all lines. Raises `BodyOverdue`."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _wait(self, read: Callable[[int], bytes], size: int) -> bytes:
        seat, reading = self._seat, self._reading
        now = monotonic()
        if not self.since:
            self.since, self.context = now, copy_context()
        # From here on others may take the place.
        seat.append(self.place)
        reading[self] = now
        if self._places.waiting:
            self._places.hand_over(seat)
        try:
            data = read(size)
        finally:
            is_in_time = reading.pop(self, None) is not None
            try:
                self.place = seat.pop()
            except IndexError:
                self.place = self._places.take(seat)
        if not is_in_time:
            raise BodyOverdue
        self.received += len(data)
        self.is_whole = not data or len(data) < size or str(self.received) == self._length
        return data


Reading = dict[Body, float]
"""The bodies that are waited for, and since when. Who removes one decides: the reader, or who ends the overdue."""


def with_places(call: Call, places: Places, reading: Reading) -> Call:
    """Return granian's `call` for threads of which most have no place."""
    thread = threading.local()

    # Each request waits for this.
    def run(protocol: Any, scope: Scope) -> None:
        try:
            seat: Seat = thread.seat
        except AttributeError:
            thread.noted, thread.seat = Thread(places), []
            seat = thread.seat
        is_apart, body = False, None
        try:
            place = seat.pop()
        except IndexError:
            place, is_apart = places.take(seat), True
        if "CONTENT_LENGTH" in scope or "HTTP_TRANSFER_ENCODING" in scope:
            scope["wsgi.input"] = body = Body(protocol, scope, reading, places, seat, place)
        try:
            call(protocol, scope)
        except BodyOverdue:
            # It has been answered.
            pass
        finally:
            if body is not None:
                place = body.place
                # Otherwise it would refer to itself.
                body.scope = None
            seat.append(place)
            if places.waiting and places.hand_over(seat):
                is_apart = True
        # granian closes the connection of an unread body once this returns.
        if is_apart and (body is None or body.is_whole):
            places.park_surplus(seat)

    return run
