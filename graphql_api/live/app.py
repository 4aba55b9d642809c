"""The ASGI application of the live server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from graphql_api.live import sse
from graphql_api.live.callers import is_allowed_origin, is_known_host
from graphql_api.live.headers import with_headers
from graphql_api.live.hub import Hub
from graphql_api.live.websocket import Connection
from walletsvc.server import health
from walletsvc.telemetry.metrics import SUBSCRIPTIONS
from walletsvc.telemetry.requests import note_operation, note_refusal
from walletsvc.web.gate import check_codings
from walletsvc.web.hooks import REFUSED
from walletsvc.web.hosts import PROBED, is_probe
from walletsvc.web.refusals import Refusal


class GuardedFromPages:
    """Admits only requests for our own hosts and, from browsers, only those of pages of allowed origins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        host, origin = hosts[0] if hosts else "", origins[0] if origins else None
        # RFC 9112, section 3.2: a request with more than one Host is answered with 400.
        is_ours = len(hosts) <= 1 and (is_known_host(host) or _is_probe(scope, host))
        may_ask = len(origins) <= 1 and is_allowed_origin(origin, host)
        send = with_headers(send, page_origin=origin if is_ours and may_ask else None)
        if not is_ours:
            await _refuse(scope, receive, send, 400, "invalid_host", "This host is not served here.")
        elif not may_ask:
            await _refuse(scope, receive, send, 403, "forbidden", "Pages of this origin may not ask.")
        elif (refusal := scope.get(REFUSED) or _check_codings(scope, headers)) is not None:
            refused = refusal.status, refusal.code, refusal.message, refusal.headers
            await _refuse(scope, receive, send, *refused)
        else:
            await self._app(scope, receive, send)


def _is_probe(scope: Scope, host: str) -> bool:
    """Tell whether this may be a load balancer's health check, by the web server's rule (`walletsvc.web.hosts`)."""
    is_asked = scope["type"] == "http" and scope["path"] in PROBED
    return is_asked and is_probe(host, protocol=f"HTTP/{scope['http_version']}")


def _check_codings(scope: Scope, headers: Headers) -> Refusal | None:
    if scope["type"] != "http":
        return None
    transfer, content = (
        ",".join(headers.getlist(name)) if name in headers else None
        for name in ("transfer-encoding", "content-encoding")
    )
    is_empty = transfer is None and headers.get("content-length", "0") == "0"
    return check_codings(transfer=transfer, content=content, is_empty=is_empty)


async def _refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: int,
    code: str,
    message: str,
    more: Mapping[str, str] | None = None,
) -> None:
    note_refusal(code)
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        # Closing a handshake before it is accepted answers it with 403.
        await WebSocketClose(1008, message)(scope, receive, send)
        return
    content = {"errors": [{"message": message, "extensions": {"code": code}}]}
    await JSONResponse(content, status, more)(scope, receive, send)


async def _serve_socket(socket: WebSocket) -> None:
    note_operation("websocket", is_write=False)
    await Connection(socket, hub=socket.app.state.hub).serve()


async def _serve_events(request: Request) -> Response:
    note_operation("events", is_write=False)
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_ALLOWED)
    if request.method == "HEAD":  # Starlette adds it to a route that has GET.
        return Response(status_code=405, headers=_ALLOWED)
    return await sse.respond(request, hub=request.app.state.hub)


_ALLOWED = {"Allow": "GET, POST, OPTIONS"}


async def _refuse_http(request: Request, error: Exception) -> Response:
    """Answer a request that no route takes, in the shape of GraphQL errors."""
    assert isinstance(error, HTTPException)  # noqa: S101 - the only kind that it is registered for
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid")
    content = {"errors": [{"message": error.detail, "extensions": {"code": code}}]}
    return JSONResponse(content, error.status_code, error.headers)


async def _livez(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _readyz(request: Request) -> Response:
    """Answer as the web server does, with the number of subscriptions."""
    hub: Hub = request.app.state.hub
    status, content = health.describe_readiness()
    return JSONResponse({**content, "subscriptions": hub.feeds.watchers}, status_code=status)


async def _version(request: Request) -> Response:
    return JSONResponse(health.describe_version())


_HEALTH = {"healthz": _readyz, "livez": _livez, "readyz": _readyz, "version": _version}


def _count_subscriptions(hub: Hub) -> int:
    return hub.feeds.watchers


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    hub = app.state.hub = Hub()
    SUBSCRIPTIONS.read = partial(_count_subscriptions, hub)
    tasks = [asyncio.create_task(each) for each in (hub.feeds.run(), hub.watch_for_end(), hub.limit_unread())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        SUBSCRIPTIONS.read = None
        hub.close()


def make_application() -> ASGIApp:
    """Return the application. The slash at the end of a path is optional, as on all URLs."""
    routes: list[Route | WebSocketRoute] = [
        Route(f"/{name}{slash}", answer, methods=["GET"]) for name, answer in _HEALTH.items() for slash in ("", "/")
    ]
    for slash in ("", "/"):
        routes.append(Route(f"/graphql{slash}", _serve_events, methods=["GET", "POST", "OPTIONS"]))
        routes.append(WebSocketRoute(f"/graphql{slash}", _serve_socket))
    return GuardedFromPages(
        Starlette(routes=routes, lifespan=_lifespan, exception_handlers={HTTPException: _refuse_http})
    )
