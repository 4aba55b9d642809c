"""The outermost hook around every answer: its id, its line in the log, and its count."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Sequence
from itertools import count

from walletsvc.telemetry.logs import log_request
from walletsvc.telemetry.metrics import IN_FLIGHT, REQUEST_SECONDS, REQUESTS
from walletsvc.telemetry.requests import GRAPHQL, LIVE, OTHER, REST, RequestRecord, current_request
from walletsvc.telemetry.traces import traces
from walletsvc.web.hooks import RequestHead

REQUEST_ID, TRACEPARENT = "X-Request-ID", "traceparent"
SLOW_SECONDS = 0.5
SHARE_OF_READS = 0.01
"""How many of the reads that nothing is to be said about have a line, so that the log shows what is usual."""

_FACES = {"api": REST, "graphql": GRAPHQL}
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_GIVEN_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", re.ASCII)
"""A trace context (https://www.w3.org/TR/trace-context/#traceparent-header)."""
_ACCESS_STATUSES = (401, 403, 429)
_ACCESS_CODES = frozenset({"unauthenticated", "forbidden", "rate_limited"})
"""Over GraphQL, such a refusal can have the status 200."""
_SWITCHED = 101


class Watching:
    """Gives each request an id, and says what became of it."""

    def __init__(self) -> None:
        # Ids are unique among all servers, and one costs less than a random one.
        self._prefix, self._numbers = secrets.token_hex(8), count(1)
        self._in_flight: set[int] = set()
        IN_FLIGHT.read = self._in_flight.__len__

    def before(self, request: RequestHead) -> None:
        """Begin the record of a request. Refuses none."""
        context = request.context
        if request.may_wait:
            # A WSGI environment, looked into without another call: each request waits for this.
            given, trace = context.get("HTTP_X_REQUEST_ID"), context.get("HTTP_TRACEPARENT")
            face = _face_of(request.path)
        else:
            headers = request.headers
            given, trace, face = headers.get(REQUEST_ID), headers.get(TRACEPARENT), LIVE
        is_given = given is not None and _GIVEN_ID.fullmatch(given) is not None
        if given is None or not is_given:
            given = f"{self._prefix}-{next(self._numbers):x}"
        if trace is not None and not _GIVEN_TRACE.fullmatch(trace):
            trace = None
        record = RequestRecord(given, face, trace, is_given=is_given)
        self._in_flight.add(id(record))
        if traces.is_on:
            traces.begin_request(record)
        current_request.set(record)

    def headers(self, request: RequestHead) -> Sequence[tuple[str, str]]:
        """Return the id, for the answer."""
        record = current_request.get()
        return () if record is None else ((REQUEST_ID, record.request_id),)

    def after(self, request: RequestHead, status: int, seconds: float) -> None:
        """Count the answer, and write a line if there is something to say."""
        record = current_request.get()
        if record is None:
            return
        current_request.set(None)
        self._in_flight.discard(id(record))
        if record.span is not None:
            traces.end_request(record, status=status)
        REQUESTS.add(record.face, record.operation, _STATUS.get(status) or str(status))
        if record.face != LIVE:
            # Its connections stay open for as long as clients like.
            REQUEST_SECONDS.observe(seconds, record.face, record.operation)
        event = _event_of(record, status, seconds)
        if event is not None:
            log_request(event, record, status=status, seconds=seconds)


_STATUS = {status: str(status) for status in range(100, 600)}


def _face_of(path: str) -> str:
    return _FACES.get(path[1:].partition("/")[0], OTHER)


def _event_of(record: RequestRecord, status: int, seconds: float) -> str | None:
    """Return what there is to say about a request, or None."""
    if status in _ACCESS_STATUSES or record.code in _ACCESS_CODES:
        return "access refused"
    if record.is_write:
        return "write"
    if status >= 400 or record.code is not None:
        return "refused" if status < 500 else "failed"
    if status == _SWITCHED:
        return "connection ended"
    if seconds > SLOW_SECONDS:
        return "slow read"
    return "read" if random.random() < SHARE_OF_READS else None  # noqa: S311 - nothing secret
