"""The ASGI application of the live server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from graphql_api.live import sse
from graphql_api.live.callers import is_allowed_origin, is_known_host
from graphql_api.live.feeds import Hub
from graphql_api.live.operations import Results
from graphql_api.live.websocket import Connection
from walletsvc.errors import WalletError
from walletsvc.models import Wallet
from walletsvc.web.gate import check_codings
from walletsvc.web.hosts import is_probe
from walletsvc.web.refusals import Refusal


class GuardedFromPages:
    """Lets in only requests for our own hosts, and from browsers only those that pages of allowed origins send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host"), headers.get("origin")
        if not is_known_host(host) and not _is_probe(scope, host):
            await _refuse(scope, receive, send, 400, "invalid_host", "This host is not served here.")
        elif not is_allowed_origin(origin, host):
            await _refuse(scope, receive, send, 403, "forbidden", "Pages of this origin may not ask.")
        elif scope["type"] == "http" and (refusal := _check_codings(headers)) is not None:
            refused = refusal.status, refusal.code, refusal.message, refusal.headers
            await _refuse(scope, receive, send, *refused)
        elif scope["type"] == "http" and origin is not None:
            await self._app(scope, receive, _sharing_with(origin, send))
        else:
            await self._app(scope, receive, send)


def _is_probe(scope: Scope, host: str | None) -> bool:
    """Tell whether a load balancer may be asking after our health, as the web server does (`walletsvc.web.hosts`)."""
    is_asked = scope["type"] == "http" and scope["path"] in ("/healthz", "/healthz/")
    return is_asked and is_probe(host or "", protocol=f"HTTP/{scope['http_version']}")


def _check_codings(headers: Headers) -> Refusal | None:
    transfer, content = headers.get("transfer-encoding"), headers.get("content-encoding")
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
    if scope["type"] == "websocket":
        # Before it is accepted, a handshake is answered with 403 by being closed.
        await WebSocketClose(1008, message)(scope, receive, send)
        return
    content = {"errors": [{"message": message, "extensions": {"code": code}}]}
    await JSONResponse(content, status, more)(scope, receive, send)


def _sharing_with(origin: str, send: Send) -> Send:
    """Return a `send` that lets a page of the origin read the response (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

    async def send_shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Allow-Methods"] = "GET, POST"
            headers["Access-Control-Allow-Headers"] = "accept, authorization, content-type"
            headers.add_vary_header("Origin")
        await send(message)

    return send_shared


async def _serve_socket(socket: WebSocket) -> None:
    await Connection(socket, hub=socket.app.state.hub, results=socket.app.state.results).serve()


async def _serve_events(request: Request) -> Response:
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": "GET, POST, OPTIONS"})
    return await sse.respond(request, hub=request.app.state.hub, results=request.app.state.results)


async def _refuse_http(request: Request, error: Exception) -> Response:
    """Answer what no route takes, in the shape that GraphQL errors have."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as it is registered for
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid")
    content = {"errors": [{"message": error.detail, "extensions": {"code": code}}]}
    return JSONResponse(content, error.status_code, error.headers)


async def _healthz(request: Request) -> Response:
    """Answer 200 if the database does, else 503; with the number of subscriptions."""
    hub: Hub = request.app.state.hub
    try:
        await hub.reader.submit(lambda: Wallet.objects.order_by("id").values_list("id").first())
    except WalletError:
        return JSONResponse({"status": "unavailable", "database": "does not answer"}, status_code=503)
    return JSONResponse({"status": "ok", "subscriptions": hub.watchers})


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    hub = app.state.hub = Hub()
    app.state.results = Results()
    following = asyncio.create_task(hub.run())
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        hub.reader.close()


def make_application() -> ASGIApp:
    """Return the application. A slash at the end of a path is optional, as everywhere."""
    routes: list[Route | WebSocketRoute] = [
        Route(f"/healthz{slash}", _healthz, methods=["GET"]) for slash in ("", "/")
    ]
    for slash in ("", "/"):
        routes.append(Route(f"/graphql{slash}", _serve_events, methods=["GET", "POST", "OPTIONS"]))
        routes.append(WebSocketRoute(f"/graphql{slash}", _serve_socket))
    return GuardedFromPages(
        Starlette(routes=routes, lifespan=_lifespan, exception_handlers={HTTPException: _refuse_http})
    )
