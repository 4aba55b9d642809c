"""Read the JSON document of a request, within a size limit."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError

from rest_api.errors import Problem, Refused, refuse
from walletsvc.errors import TooLong
from walletsvc.web.json_body import MalformedJson, parse_json

_CHUNK_BYTES = 65_536
_DISCARDED_CHUNKS = 128


def read_document(request: HttpRequest) -> object:
    """Return the JSON value in the body.

    Raises `Refused`: 413 for a body beyond `settings.DATA_UPLOAD_MAX_MEMORY_SIZE` bytes, 400 for invalid JSON.
    """
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        return parse_document(_read_body(request))
    except RequestDataTooBig as error:
        problem = Problem(413, TooLong.code, f"A request has at most {limit:,} bytes.", meta={"limit": limit})
        raise Refused(problem) from error
    except UnreadablePostError as error:
        raise refuse(400, "malformed", "The body ended early.") from error


def _read_body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig:
        _discard(request)
        raise


def _discard(stream: Any) -> None:
    """Read the rest of a body, up to a limit: a client that is still sending may not see an early answer."""
    for _ in range(_DISCARDED_CHUNKS):
        if not stream.read(_CHUNK_BYTES):
            return


def parse_document(body: bytes) -> object:
    """Return the JSON value in `body`. Raises `Refused` (400) for invalid JSON."""
    try:
        return parse_json(body)
    except MalformedJson as error:
        raise refuse(400, "malformed", error.message) from error
