"""The layer in front of Django: answers what it has seen Django answer, from the stamped cache.

A request to which Django gave a response that is kept under stamps is known from then on, by everything in it that
the response depends on. When it comes again, one question to the cache tells whether the response is still good, and
its bytes go out as they are (or a 304), without Django. Everything else, and everyone who says who they are, goes to
Django: who reaches what is decided in one place.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponseBase

from walletsvc import cache
from walletsvc.etags import is_known, make_etag

Environ = dict[str, Any]
Question = tuple[str, ...]
Headers = tuple[tuple[str, str], ...]

MAX_BODY_BYTES = 8192
MAX_KNOWN = 4096
_ASKED = "walletsvc.front.question"
_DEPENDS_ON = ("HTTP_HOST", "HTTP_ORIGIN", "HTTP_ACCEPT", "CONTENT_TYPE")
_OF_BODY = ("ETag", "Content-Length", "Content-Type")


@dataclass(frozen=True, slots=True)
class Known:
    """How the response to a question is found in the cache, and its headers but for those that belong to a body."""

    kept: cache.Kept
    headers: Headers
    has_etag: bool


class FrontHandler(WSGIHandler):
    """Django's WSGI handler, with the layer in front of it."""

    def __init__(self) -> None:
        super().__init__()
        self._known: OrderedDict[Question, Known] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Any:
        """Answer a request (PEP 3333)."""
        question = _question(environ)
        if question is not None:
            known = self._known.get(question)
            if known is not None:
                body = cache.look_up(known.kept.key, stamps=known.kept.stamps).response
                if body is not None:
                    return _answer(environ, start_response, known, body)
            environ[_ASKED] = question
        return super().__call__(environ, start_response)

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Return Django's response, and remember how to find it where it is kept."""
        response = super().get_response(request)
        kept: cache.Kept | None = getattr(response, "kept", None)
        question = request.META.get(_ASKED)
        if kept is not None and question is not None and response.status_code in (200, 304) and not response.cookies:
            headers = tuple((name, value) for name, value in response.items() if name not in _OF_BODY)
            self._remember(question, Known(kept, headers, response.has_header("ETag")))
        return response

    def _remember(self, question: Question, known: Known) -> None:
        with self._lock:
            self._known[question] = known
            if len(self._known) > MAX_KNOWN:
                self._known.popitem(last=False)


def _question(environ: Environ) -> Question | None:
    """Return all that the response to an anonymous request depends on, or None where that is not for this layer."""
    if "HTTP_AUTHORIZATION" in environ or "HTTP_COOKIE" in environ:
        return None
    method = environ["REQUEST_METHOD"]
    if method == "GET":
        body = ""
    elif method == "POST" and environ.get("CONTENT_TYPE", "").startswith("application/json"):
        text = _read_body(environ)
        if text is None:
            return None
        body = text
    else:
        return None
    path = (environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
    return (method, *path, *(environ.get(name, "") for name in _DEPENDS_ON), body)


def _read_body(environ: Environ) -> str | None:
    """Return the body of a small request, and leave it to be read again."""
    length = environ.get("CONTENT_LENGTH", "")
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    return str(body, "latin-1")


def _answer(environ: Environ, start_response: Callable[..., Any], known: Known, body: bytes) -> Iterable[bytes]:
    headers = list(known.headers)
    if known.has_etag:
        etag = make_etag(body)
        headers.append(("ETag", etag))
        if is_known(environ.get("HTTP_IF_NONE_MATCH"), etag):
            start_response("304 Not Modified", headers)
            return [b""]
    headers += [("Content-Type", known.kept.content_type), ("Content-Length", str(len(body)))]
    start_response("200 OK", headers)
    return [body]
