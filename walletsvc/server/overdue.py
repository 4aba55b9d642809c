"""Ends the wait for bodies that take too long.

A body may take `PATIENCE_SECONDS`, and longer by what has arrived, at `LEAST_RATE`: a slow line passes, a client that
sends next to nothing does not (like MinRate of https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html). The size
of a body is limited, and so is its time.

Such a client is answered with 408 (RFC 9110, section 15.5.9). That does not end the wait, because granian has no
means to: its connection must be shut down, and nothing says which it is. So each of these answers has a length of its
own, and the connection is the one that was written to by that much. It was not written to for a while before, because
it was waiting for the body. If there is any doubt, or the system does not show this (`tcp.is_known`), the connection
stays, and a thread, but no place, waits until the client leaves.
"""

from __future__ import annotations

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings

from walletsvc.access.background import Background
from walletsvc.server import tcp
from walletsvc.server.bodies import Body, Reading, Scope
from walletsvc.server.places import Places
from walletsvc.server.unread import Unread

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 10.0
LEAST_RATE = 8192
"""Bytes in a second."""

_LOOK_SECONDS = 0.1
_SLOW_SECONDS, _STUCK_SECONDS = 0.01, 0.1
"""A read that takes longer waits for its client. Beside others who work it may last for the shorter time, but not as
many reads as there are places: then nobody works."""
_SILENT_SECONDS = 4.0
"""How long nothing was written, at least, to a connection that is shut down."""
_MAX_PADDING = 2048
_PADDING = "X-Padding"
_FIND_SECONDS, _WRITE_SECONDS = 2.0, 0.02

_REST_OF_HEAD = "HTTP/1.1 {} {}\r\nserver: granian\r\ndate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n"
"""What granian's answer has before and between the headers that it is given."""
_KEEP_ALIVE = "keep-alive"
_HTTP_1_0 = "HTTP/1"
"""As granian calls it."""

Application = Callable[[Scope, Callable[..., Any]], Iterable[bytes]]


@dataclass(slots=True)
class _Answer:
    body: Body
    status: int
    headers: list[tuple[str, str]]
    content: bytes
    has_content: bool

    def pad(self, scope: Scope, taken: Collection[int]) -> int:
        """Give it a length that is not `taken`, and return that. `scope` is what it answers."""
        plain = len(_REST_OF_HEAD.format(self.status, HTTPStatus(self.status).phrase)) + sum(
            len(name) + len(value) + 4 for name, value in self.headers
        )
        plain += len(_PADDING) + 4 + (len(self.content) if self.has_content else 0)
        options = [option.strip().lower() for option in scope.get("HTTP_CONNECTION", "").split(",")]
        if scope["SERVER_PROTOCOL"] == _HTTP_1_0 and _KEEP_ALIVE in options:
            # hyper says that it may stay, too.
            plain += len(f", {_KEEP_ALIVE}")
        padding = random.choice([each for each in range(1, _MAX_PADDING) if plain + each not in taken])  # noqa: S311 - not a secret
        self.headers.append((_PADDING, "-" * padding))
        return plain + padding


@dataclass(slots=True)
class _Search:
    """For the connections of answers, which are there by their lengths."""

    port: int
    before: Mapping[bytes, int]
    answers: dict[int, _Answer]
    deadline: float

    def goes_on(self, written: Mapping[bytes, int]) -> bool:
        """Shut down what is found among what was `written` to all; tell whether there may be more."""
        # Who has left needs no end, and only others could be taken for it.
        self.answers = {length: each for length, each in self.answers.items() if each.body.scope is not None}
        found = _find(self.answers, self.before, written)
        if found:
            tcp.shut_down(self.port, set(found.values()))
        for length in found:
            del self.answers[length]
        return bool(self.answers) and time.monotonic() < self.deadline


class Watch:
    """Looks after the bodies that are waited for, in a thread of its own."""

    def __init__(self, reading: Reading, places: Places, refuse: Application) -> None:
        """`refuse` answers a request with 408, or says what else is wrong with it."""
        self._reading = reading
        self._places = places
        self._refuse = refuse
        self._is_known = tcp.is_known()
        self._unread = Unread(settings.PORT)
        self._answered: list[Body] = []
        """Those that have been answered, and are still waited for: for as long as the client likes, if not found."""
        self._searches: list[_Search] = []
        self._looking = Background(self.look, seconds=_LOOK_SECONDS, name="The look at slow bodies")

    def start(self) -> None:
        """Look from now on until the process ends."""
        self._looking.start()

    def look(self) -> None:
        """Have threads in stead of those that wait, and end what is overdue."""
        self._unread.limit()
        before, stuck = 0, self._count_stuck()
        while stuck > before:
            # These may get nothing but such bodies: so there are more of them each time.
            self._places.want(2 * stuck)
            time.sleep(_SLOW_SECONDS)
            before, stuck = stuck, self._count_stuck()
        self._places.want(2 * stuck)
        if self._searches:
            written = tcp.written(self._searches[0].port)
            self._searches = [search for search in self._searches if search.goes_on(written)]
        if stuck:
            self._end_overdue()

    def _count_stuck(self) -> int:
        now = time.monotonic()
        waits = [now - since for since in list(self._reading.values())]
        self._answered = [body for body in self._answered if body.scope is not None]
        answered = len(self._answered)
        slow = answered + sum(wait > _SLOW_SECONDS for wait in waits)
        return slow if slow >= self._places.number else answered + sum(wait > _STUCK_SECONDS for wait in waits)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        bodies = [body for body in list(self._reading) if now - body.since > PATIENCE_SECONDS - _SILENT_SECONDS]
        self._note_connections([body for body in bodies if body.earlier is None])
        overdue = []
        for body in bodies:
            scope = body.scope
            if scope is None or now - body.since <= PATIENCE_SECONDS + _counted(body) / LEAST_RATE:
                continue
            # It may have come at this moment.
            if self._reading.pop(body, None) is not None:
                overdue.append((body, scope))
        if overdue:
            self._end(overdue)

    def _note_connections(self, bodies: Sequence[Body]) -> None:
        for scope in [body.scope for body in bodies if body.scope is not None][:1]:
            earlier = tcp.written(_port_of(scope)) if self._is_known else {}
            for body in bodies:
                # None while no descriptor is free: then it is looked for again.
                body.earlier = earlier or None

    def _end(self, overdue: Sequence[tuple[Body, Scope]]) -> None:
        self._answered += [body for body, _ in overdue]
        answers: dict[int, _Answer] = {}
        taken = {length for search in self._searches for length in search.answers}
        for body, scope in overdue:
            answer = self._answer(body, scope)
            length = answer.pad(scope, taken)
            taken.add(length)
            answers[length] = answer
        port = _port_of(overdue[0][1])
        before = tcp.written(port) if self._is_known else {}
        for answer in answers.values():
            answer.body.protocol.response_bytes(answer.status, answer.headers, answer.content)
        if before:
            time.sleep(_WRITE_SECONDS)
            # Nobody waits for what is not found at once: meanwhile others may have fallen silent.
            search = _Search(port, before, answers, time.monotonic() + _FIND_SECONDS)
            if search.goes_on(tcp.written(port)):
                self._searches.append(search)

    def _answer(self, body: Body, scope: Scope) -> _Answer:
        status, headers = 0, [("Connection", "close")]

        def start(given_status: str, given: list[tuple[str, str]], *_more: Any) -> None:
            nonlocal status
            status = int(given_status[:3])
            headers.extend(given)

        environ = {**scope, "wsgi.input": BytesIO()}
        for name in ("CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
            environ.pop(name, None)
        content = b"".join((body.context or copy_context()).run(self._refuse, environ, start))
        return _Answer(body, status, headers, content, has_content=scope["REQUEST_METHOD"] != "HEAD")


def _find(
    answers: Mapping[int, _Answer], before: Mapping[bytes, int], after: Mapping[bytes, int]
) -> Mapping[int, bytes]:
    """Return the connection of each answer that there is no doubt about."""
    grown: dict[int, list[bytes]] = defaultdict(list)
    for cookie, written in after.items():
        if cookie in before and written > before[cookie]:
            grown[written - before[cookie]].append(cookie)
    found = {}
    for length, answer in answers.items():
        earlier = answer.body.earlier or {}
        likely = [cookie for cookie in grown[length] if earlier.get(cookie) == before[cookie]]
        if len(likely) == 1:
            found[length] = likely[0]
    return found


def _counted(body: Body) -> int:
    """Return how many bytes a body may take time for: what is only read to be discarded takes none."""
    return min(body.received, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def _port_of(scope: Scope) -> int:
    return int(scope["SERVER_PORT"])
