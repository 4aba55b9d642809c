"""The headers for security and CORS on all answers of the live server, the same as the web server sends."""

from __future__ import annotations

from django.conf import settings
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from walletsvc.web.security import VARY, safe_headers

_BEGINNINGS = ("http.response.start", "websocket.http.response.start")


def with_headers(send: Send, *, page_origin: str | None) -> Send:
    """Return a `send` that adds the headers. Pages of `page_origin` may read the answer."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] in _BEGINNINGS:
            headers = MutableHeaders(scope=message)
            _secure(headers)
            if page_origin is not None:
                _share(headers, page_origin)
        await send(message)

    return send_with_headers


def _secure(headers: MutableHeaders) -> None:
    headers.update(safe_headers())
    # Every answer here is about the present moment.
    headers.setdefault("Cache-Control", "no-store")
    headers["Vary"] = VARY


def _share(headers: MutableHeaders, origin: str) -> None:
    """Let pages of the origin read the answer (https://fetch.spec.whatwg.org/#http-cors-protocol)."""
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Allow-Methods"] = "GET, POST"
    headers["Access-Control-Allow-Headers"] = ", ".join(settings.CORS_ALLOW_HEADERS)
    headers["Access-Control-Expose-Headers"] = ", ".join(settings.CORS_EXPOSE_HEADERS)
    headers["Access-Control-Max-Age"] = str(settings.CORS_PREFLIGHT_MAX_AGE)
