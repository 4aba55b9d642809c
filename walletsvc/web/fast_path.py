"""The layer in front of Django: replays known request shapes.

A view's offer (`replays.py`) answers later requests of the same shape: those that are equal in everything that the
answer depends on, except the id in the path or the document of a write. A read is looked up in the stamped cache
first. Django's own part, finding the view and wrapping the request, costs more than most answers.

Everything else goes to Django: a request with any header that is not known to be irrelevant (`web/headers.py`), such
as credentials; every request, if some middleware may decide something; and a failed read, for Django to explain.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from sys import getsizeof
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import DEFAULT_DB_ALIAS, connections
from django.http import HttpRequest, HttpResponseBase

from walletsvc.bounded import BoundedTable
from walletsvc.cache import responses
from walletsvc.errors import WalletError
from walletsvc.etags import is_known
from walletsvc.principals import ANYONE, Principal
from walletsvc.telemetry.metrics import FRONT
from walletsvc.telemetry.requests import OTHER, REST, current_request, note_caller, note_operation
from walletsvc.telemetry.traces import CACHE, span
from walletsvc.web.bodies import measure_chunked_body
from walletsvc.web.callers import known_principal_of
from walletsvc.web.headers import KnownHeaders, environ_name
from walletsvc.web.idempotency import IDEMPOTENCY_KEY, REPLAYED
from walletsvc.web.limits import CHARGE, Charge, cover
from walletsvc.web.replays import QUESTION, Question, Reading, Repeatable, Write
from walletsvc.web.routes import is_write_method, operation_of

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Shape = tuple[Hashable, ...]
Headers = tuple[tuple[str, str], ...]

MAX_BODY_BYTES = 8192
MAX_KNOWN_BYTES = 16 * 2**20
MAX_SHAPE_BYTES = 10 * 2**10
"""Requests of a larger shape are not remembered, so that little memory is kept for callers."""
_KNOWN_BYTES = 4096
"""The memory kept for a request beside its shape, as measured, including its parsed form."""
_COPIES = 4
_AUTHORIZATION = "HTTP_AUTHORIZATION"
_DOCUMENT_TYPE = "application/vnd.api+json"
_ANY_NUMBER = "\0"
_MUTATION = "mutation"
"""What the text of a document that changes something begins with (GraphQL specification, section 2.3)."""
_BODY, _CALLER = 8, 9
"""The places of the body and of the caller in a shape."""
_NUMBER = re.compile(r"/([1-9][0-9]{0,17})(?=/|\Z)")
_DEPENDS_ON = (
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_ACCEPT",
    "CONTENT_TYPE",
    "wsgi.url_scheme",
)
_IF_NONE_MATCH = "HTTP_IF_NONE_MATCH"
_IDEMPOTENCY_KEY = environ_name(IDEMPOTENCY_KEY)
_OF_ONE_ANSWER = ("ETag", "Content-Length", "Content-Type", "Location", REPLAYED)
_TRANSPARENT = {
    "corsheaders.middleware.CorsMiddleware",
    "walletsvc.web.gate.HostCheck",
    "walletsvc.web.gate.MessageCheck",
    "walletsvc.web.security.SafeHeaders",
    "walletsvc.web.static.StaticFiles",
}
"""Middleware that only adds headers or refuses, always alike for the same shape, or answers other paths itself."""

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to all requests of a shape, and the headers that all their answers have."""

    again: Repeatable
    headers: Headers
    has_etag: bool
    reading: Reading | None
    """The reading, if the path has no id."""
    operation: str = OTHER

    def answer(self, environ: Environ, start_response: StartResponse, number: int | None) -> Iterable[bytes] | None:
        """Answer a request of the shape (PEP 3333), or return None to leave it to Django."""
        note_operation(self.operation, is_write=self.again.write is not None)
        if self.again.write is not None:
            return self._write(environ, start_response, self.again.write, number)
        try:
            reading = self.reading or self.again.read(number)  # type: ignore[misc]  # one of the two is set
            if reading.units > 1:
                cover(environ, reading.units)
            with span(CACHE):
                found = responses.look_up(reading.key, stamps=reading.stamps)
            body, etag = found.response, found.etag
            if body is None or etag is None:
                _refresh_connection()
                body = responses.build_after(found, reading.build)
                etag = responses.keep(found, body)
        except WalletError:
            return None
        except Exception:
            logger.info("Left to Django", exc_info=True)
            return None
        own = [("Content-Type", reading.content_type), ("Content-Length", str(len(body)))]
        if self.has_etag:
            has = environ.get(_IF_NONE_MATCH)
            if has is not None and is_known(has, etag):
                start_response(_STATUS[304], [*self.headers, ("ETag", etag)])
                return [b""]
            own.append(("ETag", etag))
        start_response(_STATUS[200], [*self.headers, *own])
        return [body]

    def _write(
        self, environ: Environ, start_response: StartResponse, write: Write, number: int | None
    ) -> Iterable[bytes] | None:
        body = _read_body(environ, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        if body is None:
            return None
        _refresh_connection()
        written = write(body, environ.get(_IDEMPOTENCY_KEY), number)
        if written is None:
            return None
        own = [*written.headers, ("Content-Length", str(len(written.body)))]
        start_response(_STATUS[written.status], [*self.headers, *own])
        return [written.body]


def middleware_in_the_way() -> list[str]:
    """Return the MIDDLEWARE that may decide about a single request, so that Django must answer each."""
    return [name for name in settings.MIDDLEWARE if name not in _TRANSPARENT]


class FrontHandler(WSGIHandler):
    """Django's WSGI handler behind the layer."""

    def __init__(self) -> None:
        super().__init__()
        self._known: BoundedTable[Shape, Known] = BoundedTable(max_bytes=MAX_KNOWN_BYTES, max_entry_bytes=2**16)
        in_the_way = middleware_in_the_way()
        if in_the_way:
            logger.warning("Django answers every request: MIDDLEWARE has %s", ", ".join(in_the_way))
        self._is_allowed = not in_the_way
        # Known from the beginning: to look at the settings takes longer than to look the answer's shape up.
        self._is_open = not settings.AUTH_REQUIRED
        self._known_headers = KnownHeaders([*_DEPENDS_ON, _IF_NONE_MATCH, _AUTHORIZATION, _IDEMPOTENCY_KEY])

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer a request (PEP 3333)."""
        result = "not for it"
        if self._is_allowed and self._known_headers.include(environ):
            charge: Charge | None = environ.get(CHARGE)
            if charge is not None:
                principal = charge.principal
            else:
                principal = ANYONE if self._is_open else known_principal_of(environ)
            result = "unknown caller"
            if principal is not None:
                note_caller(principal.subject)
                shape, number = _shape(environ, principal)
                known, writes = self._known.get(shape), None
                if known is None and (writes := _shape_of_writes(shape, principal)) is not None:
                    known = self._known.get(writes)
                result = "unknown shape"
                if known is not None:
                    answered = known.answer(environ, start_response, number)
                    if answered is not None:
                        FRONT.add("answered")
                        return answered
                    result = "left to Django"
                    # It says itself what is asked for.
                    note_operation(OTHER, is_write=False)
                if shape:
                    of_caller = shape if shape[_CALLER] is principal else None
                    environ[QUESTION] = Question(shape, writes or of_caller)
        FRONT.add(result)
        return self.by_django(environ, start_response)

    def by_django(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer a request (PEP 3333) with Django, even if its shape is known."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            measure_chunked_body(environ)
        return super().__call__(environ, start_response)

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Return Django's response, and remember the view's offer for requests of the same shape."""
        response = super().get_response(request)
        record = current_request.get()
        if record is not None and record.operation is OTHER:
            # Over GraphQL, the operation is known already, unless there was none to read.
            is_write = record.face == REST and is_write_method(request.META["REQUEST_METHOD"])
            note_operation(operation_of(request), is_write=is_write)
        operation = OTHER if record is None else record.operation
        question: Question | None = request.META.get(QUESTION)
        again = None if question is None else question.repeatable
        if question is not None and again is not None and _may_be_repeated(response):
            headers = tuple((name, value) for name, value in response.items() if name not in _OF_ONE_ANSWER)
            has_number = _ANY_NUMBER in str(question.shape[1])
            reading = None if again.read is None or has_number else again.read(None)
            known = Known(again, headers, response.has_header("ETag"), reading, operation)
            self._remember(question.shape if again.write is None else question.writes, known)
        return response

    def _remember(self, shape: Shape | None, known: Known) -> None:
        if shape is not None and (size := sum(map(getsizeof, shape))) <= MAX_SHAPE_BYTES:
            self._known.put(shape, known, size=_KNOWN_BYTES + _COPIES * size)


def _may_be_repeated(response: HttpResponseBase) -> bool:
    return response.status_code in (200, 201, 304) and not response.cookies


def _shape(environ: Environ, principal: Principal) -> tuple[Shape, int | None]:
    """Return everything that the answer depends on, except the document of a write and the id in the path.

    The id is returned beside it. A read depends on the caller's reach, a write on its identity. A request that is not
    for this layer has no shape.
    """
    caller: Hashable = principal.reach
    # Only a write of a document takes it from here.
    has_key = _IDEMPOTENCY_KEY in environ
    path, method, body, number = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"], "", None
    if method == "POST":
        if _IF_NONE_MATCH in environ:
            # A precondition of a write; that of a GET is checked here.
            return (), None
        content_type = environ.get("CONTENT_TYPE", "")
        if content_type.startswith("application/json") and not has_key:
            # The query is in the body.
            text = _read_body(environ, MAX_BODY_BYTES)
            if text is None:
                return (), None
            body = str(text, "latin-1")
        elif not content_type.startswith(_DOCUMENT_TYPE):
            return (), None
        else:
            caller = principal
    elif method != "GET" or has_key:
        return (), None
    if found := _NUMBER.search(path):
        number = int(found[1])
        path = f"{path[: found.start(1)]}{_ANY_NUMBER}{path[found.end(1) :]}"
    # `_DEPENDS_ON`, unrolled: each request waits for this.
    get = environ.get
    shape = (
        method,
        path,
        get("QUERY_STRING", ""),
        get("HTTP_HOST", ""),
        get("HTTP_ORIGIN", ""),
        get("HTTP_ACCEPT", ""),
        get("CONTENT_TYPE", ""),
        get("wsgi.url_scheme", ""),
        body,
        caller,
    )
    return shape, number


def _shape_of_writes(shape: Shape, principal: Principal) -> Shape | None:
    """Return the shape of all mutations like this one, whatever their bodies; None if this is no mutation.

    A query that has the word in it is looked up in vain.
    """
    if not shape or _MUTATION not in shape[_BODY]:  # type: ignore[operator]  # a str
        return None
    return (*shape[:_BODY], "", principal)


def _read_body(environ: Environ, limit: int) -> bytes | None:
    """Return the body of a request, if its length is known and within the limit, and leave it to be read again."""
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdigit() or int(length) > limit:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body


def _refresh_connection() -> None:
    """Close the database connection if it is broken or too old, as Django does at the beginning of a request."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.connection is not None:
        database.close_if_unusable_or_obsolete()
