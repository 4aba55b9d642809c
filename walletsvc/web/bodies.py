"""Bodies whose length is not told beforehand."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings

_CHUNK_BYTES = 65_536
_DISCARDED_CHUNKS = 128


def measure_chunked_body(environ: dict[str, Any]) -> None:
    """Give a chunked body its length, so that it is read like any other.

    WSGI says nothing of bodies without a length, and Django takes them for empty. What is longer than
    `settings.DATA_UPLOAD_MAX_MEMORY_SIZE` comes out one byte too long, and is refused as any such body is. A server
    that does not promise an end (`wsgi.input_terminated`) is not believed to have one.
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
    """Read what is left, within reason: a client that is answered in the middle of sending may not see the answer."""
    for _ in range(_DISCARDED_CHUNKS):
        if not stream.read(_CHUNK_BYTES):
            return
