"""graphql-sse: subscriptions as server-sent events, in distinct connections mode, with a connection for each.

https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from django.conf import settings
from django.utils.http import parse_header_parameters
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from strawberry.http.streaming import SSETransport, merge_stream_with_heartbeat

from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.live.identity import admit, still_good, still_pays
from graphql_api.live.operations import Rejected, subscribe
from graphql_api.live.websocket import SEND_SECONDS
from graphql_api.requests import JSON_TYPE, GraphQLRequest, Refused, check_members, read_json
from walletsvc.telemetry.requests import note_refusal
from walletsvc.web.callers import authorization_of, principal_of
from walletsvc.web.limits import CHARGE, Charge

EVENT_STREAM = "text/event-stream"
KEEP_ALIVE_SECONDS = 15.0
"""The time between two comments that keep the connection open."""
BODY_SECONDS = 30.0
"""How long the body of a request may take to arrive."""
_NO_WEIGHT = re.compile(r"q=0(\.0{0,3})?")
_HEADERS = {
    "Cache-Control": "no-store, no-transform",
    # Without this, nginx holds events back until its buffer is full.
    "X-Accel-Buffering": "no",
}


class EventStream(StreamingResponse):
    """The results of a subscription as events, cut off when the client accepts none."""

    media_type = EVENT_STREAM

    def __init__(self, results: AsyncGenerator[str, None], *ends: Callable[[], Awaitable[object]]) -> None:
        """Print `results`, until one of `ends` returns: from then on the caller may not see them."""
        self._results = results
        self._ends = ends
        self._events = _print(results)
        super().__init__(self._events, headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        serving = super().__call__(scope, receive, send_in_time)
        try:
            with suppress(TimeoutError):
                await (_until([end() for end in self._ends], serving) if self._ends else serving)
        finally:
            # Otherwise a client that was cut off would hold its feed until the garbage collector runs.
            await self._events.aclose()
            await self._results.aclose()


async def _until(ends: Iterable[Awaitable[object]], work: Awaitable[object]) -> None:
    """Do the work, but no longer than until the first end. Raises what the work raises."""
    tasks = [asyncio.ensure_future(each) for each in (work, *ends)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def respond(request: Request, *, hub: Hub) -> Response:
    """Answer a request with the events of its subscription. An error in the subscription is an event, too."""
    budget = Budget()
    try:
        asked = await _read_request(request, partial(hub.workers.run, client=budget))
    except Refused as refused:
        return _refuse(refused)
    find_caller = partial(principal_of, request.headers)
    charge: Charge | None = request.scope.get(CHARGE)
    enter = partial(admit, find_caller, charge, authorization_of(request.headers))
    try:
        principal = await hub.workers.run(enter, budget)
    except Refused as refused:
        return _refuse(refused)
    # The request is the subscription, and is charged for already.
    results = subscribe(asked, principal=principal, hub=hub, budget=budget)
    ends: list[Callable[[], Awaitable[object]]] = [hub.ending.wait]
    if settings.AUTH_REQUIRED:
        ends.append(partial(still_good, find_caller, hub, budget))
    if charge is not None and charge.lease is not None:
        ends.append(partial(still_pays, charge, hub, budget))
    return EventStream(results, *ends)


def _refuse(refused: Refused) -> Response:
    note_refusal(refused.code)
    content = {"errors": [{"message": refused.message, "extensions": {"code": refused.code}}]}
    return JSONResponse(content, refused.status, refused.headers)


async def _read_request(request: Request, run: Callable[..., Awaitable[Any]]) -> GraphQLRequest:
    """Return the GraphQL request in the URL of a GET or the body of a POST. Raises `Refused`."""
    if not accepts_events(request.headers.getlist("accept")):
        raise Refused(406, "not_acceptable", f"Subscriptions are served as {EVENT_STREAM}, or over a WebSocket.")
    if request.method == "GET":
        members: dict[str, Any] = dict(request.query_params)
        for name in ("variables", "extensions"):
            if members.get(name):
                members[name] = await run(partial(read_json, members[name].encode(), name=f"`{name}`"))
            else:
                members.pop(name, None)
        return check_members(members)
    check_body(request.headers)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read_body(request)
    except TimeoutError:
        raise Refused(
            408, "request_timeout", "The body has not arrived in time.", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise Refused(400, "malformed", "The body broke off.") from None
    return check_members(await run(partial(read_json, body)))


def accepts_events(accepted: Sequence[str]) -> bool:
    """Tell whether the `Accept` headers name the media type of events (RFC 9110, section 12.5.1)."""
    for each in ",".join(accepted).split(","):
        media_type, *parameters = (part.strip().lower() for part in each.split(";"))
        if media_type == EVENT_STREAM and not any(_NO_WEIGHT.fullmatch(parameter) for parameter in parameters):
            return True
    return False


def check_body(headers: Headers) -> None:
    """Raise `Refused` for a body that is not JSON in UTF-8."""
    media_type, parameters = parse_header_parameters(headers.get("content-type", ""))
    if media_type.lower() != JSON_TYPE:
        raise Refused(415, "unsupported_media_type", f"Send {JSON_TYPE}.", headers={"Accept": JSON_TYPE})
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Refused(415, "unsupported_media_type", "Send JSON in UTF-8.", headers={"Accept": JSON_TYPE})


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise Refused(413, "too_long", "The body is too long.", headers={"Connection": "close"})
    return bytes(body)


def _print(results: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """Turn results into events, with a comment at the beginning and at intervals.

    Proxies close silent connections, and some browsers wait for the first bytes before they take one for open.
    """

    async def events() -> AsyncGenerator[str, None]:
        try:
            async for result in results:
                yield _TRANSPORT.encode_event("next", result)
        except Rejected as rejected:
            yield _TRANSPORT.encode_event("next", f'{{"errors":{rejected.print()}}}')
        yield _TRANSPORT.encode_complete()

    comment = partial(_TRANSPORT.encode_comment, "")
    return merge_stream_with_heartbeat(events, comment, KEEP_ALIVE_SECONDS, send_initial_heartbeat=True)()


_TRANSPORT = SSETransport()
