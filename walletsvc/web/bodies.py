"""Bodies of unknown length."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings


class BodyOverdue(BaseException):
    """The body of a request has taken too long, and its client has been answered.

    Not an `Exception`: nobody has to do with it but who began to answer the request.
    """


_CHUNK_BYTES = 65_536
_DISCARDED_CHUNKS = 128


def measure_chunked_body(environ: dict[str, Any]) -> None:
    """Measure a chunked body, so that it can be read like any other.

    WSGI does not define bodies without a length, and Django treats them as empty. A body longer than
    `settings.DATA_UPLOAD_MAX_MEMORY_SIZE` gets a length one byte too long, and is refused as such. Without the
    server's promise of an end (`wsgi.input_terminated`), the body is not read.
    """
    if environ["HTTP_TRANSFER_ENCODING"].strip().lower() != "chunked" or "CONTENT_LENGTH" in environ:
        return
    if not environ.get("wsgi.input_terminated"):
        return
    stream, limit = environ["wsgi.input"], settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
    body = stream.read(limit)
    if len(body) == limit:
        _discard(stream)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))


def _discard(stream: Any) -> None:
    """Read the rest of a body, up to a limit: a client that is still sending may not see an early answer."""
    for _ in range(_DISCARDED_CHUNKS):
        if not stream.read(_CHUNK_BYTES):
            return
