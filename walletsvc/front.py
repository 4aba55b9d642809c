"""The layer in front of Django: answers the like of what it has seen Django answer.

What a view left on its response (`repeatable.py`) answers later requests of the same shape: those that are equal in
everything that the answer depends on but the number in the path or the document of a write. A read is asked of the
stamped cache first. Django's own part, to find the view and to wrap the request, costs more than most answers.

Everything else goes to Django: whoever says who they are, as who reaches what is decided in one place; everyone,
where there is middleware that may decide something; and what a read fails on, as Django tells why.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponseBase

from walletsvc import cache
from walletsvc.errors import WalletError
from walletsvc.etags import is_known
from walletsvc.repeatable import Read, Reading, Write, attached

logger = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Shape = tuple[str, ...]
Headers = tuple[tuple[str, str], ...]

MAX_BODY_BYTES = 8192
MAX_KNOWN = 4096
_ASKED = "walletsvc.front.shape"
_DOCUMENT_TYPE = "application/vnd.api+json"
_NUMBER = re.compile(r"/([1-9][0-9]{0,17})(?=/|\Z)")
_DEPENDS_ON = (
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_ACCEPT",
    "CONTENT_TYPE",
    "wsgi.url_scheme",
    "HTTP_X_FORWARDED_PROTO",
)
_OF_ONE_ANSWER = ("ETag", "Content-Length", "Content-Type", "Location")
_TRANSPARENT = {
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
}
"""Middleware that only adds headers, the same for the same shape."""

_STATUS = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Known:
    """What answers the requests of a shape, and the headers that all their answers have."""

    again: Any
    headers: Headers
    has_etag: bool


class FrontHandler(WSGIHandler):
    """Django's WSGI handler, with the layer in front of it."""

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[Shape, Known] = OrderedDict()
        self._lock = threading.Lock()
        self._is_allowed = _TRANSPARENT.issuperset(settings.MIDDLEWARE)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Any:
        """Answer a request (PEP 3333)."""
        if self._is_allowed and "HTTP_AUTHORIZATION" not in environ and "HTTP_COOKIE" not in environ:
            shape, number, is_write = _shape(environ)
            known = self._known.get(shape)
            if known is not None:
                if is_write:
                    answered = _write(environ, start_response, known.again, known.headers)
                else:
                    answered = _read(environ, start_response, known, number)
                if answered is not None:
                    return answered
            environ[_ASKED] = shape
        return super().__call__(environ, start_response)

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Return Django's response, and remember what it says about the like of the request."""
        response = super().get_response(request)
        again, shape = attached(response), request.META.get(_ASKED)
        if again is not None and shape and response.status_code in (200, 201, 304) and not response.cookies:
            headers = tuple((name, value) for name, value in response.items() if name not in _OF_ONE_ANSWER)
            self._remember(shape, Known(again, headers, response.has_header("ETag")))
        return response

    def _remember(self, shape: Shape, known: Known) -> None:
        with self._lock:
            self._known[shape] = known
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)


def _shape(environ: Environ) -> tuple[Shape, int | None, bool]:
    """Return all that the answer to an anonymous request depends on, but for the number in its path, which is
    returned beside it, and the document of a write; and whether it is a write. What is not for this layer has no
    shape."""
    path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
    body, is_write, number = "", False, None
    if method == "POST":
        content_type = environ.get("CONTENT_TYPE", "")
        is_write = content_type.startswith(_DOCUMENT_TYPE)
        if not is_write:
            text = _read_body(environ, MAX_BODY_BYTES) if content_type.startswith("application/json") else None
            if text is None:
                return (), None, False
            body = str(text, "latin-1")
    elif method != "GET":
        return (), None, False
    if found := _NUMBER.search(path):
        number = int(found[1])
        path = f"{path[: found.start(1)]}\0{path[found.end(1) :]}"
    shape = (method, path, environ.get("QUERY_STRING", ""), *[environ.get(name, "") for name in _DEPENDS_ON], body)
    return shape, number, is_write


def _read_body(environ: Environ, limit: int) -> bytes | None:
    """Return the body of a request, if its length is known and within the limit, and leave it to be read again."""
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdigit() or int(length) > limit:
        return None
    body: bytes = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return body


def _read(
    environ: Environ, start_response: StartResponse, known: Known, number: int | None
) -> Iterable[bytes] | None:
    """Answer a read, or return None if it fails."""
    again: Read = known.again
    try:
        reading = again(number)
        found = cache.look_up(reading.key, stamps=reading.stamps)
        body, etag = found.response, found.etag
        if body is None or etag is None:
            body, etag = _build(reading, found)
    except WalletError:
        return None
    except Exception:
        logger.info("Left to Django", exc_info=True)
        return None
    headers = list(known.headers)
    if known.has_etag:
        headers.append(("ETag", etag))
        if is_known(environ.get("HTTP_IF_NONE_MATCH"), etag):
            start_response(_STATUS[304], headers)
            return [b""]
    headers += [("Content-Type", reading.content_type), ("Content-Length", str(len(body)))]
    start_response(_STATUS[200], headers)
    return [body]


def _build(reading: Reading, found: cache.Lookup) -> tuple[bytes, str]:
    _refresh_connection()
    body = reading.build()
    return body, cache.keep(found, body)


def _write(environ: Environ, start_response: StartResponse, again: Write, headers: Headers) -> Iterable[bytes] | None:
    """Answer a write, or return None for a body that Django has to look at first."""
    body = _read_body(environ, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    if body is None:
        return None
    _refresh_connection()
    written = again(body)
    own = [*written.headers, ("Content-Length", str(len(written.body)))]
    start_response(_STATUS[written.status], [*headers, *own])
    return [written.body]


def _refresh_connection() -> None:
    """Close the database connection if it is broken or too old, as Django does where a request begins."""
    if connection.connection is not None:
        connection.close_if_unusable_or_obsolete()
