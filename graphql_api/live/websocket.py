"""graphql-transport-ws: subscriptions over a WebSocket.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, whose close codes are used here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from functools import partial
from typing import Any

from django.conf import settings
from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect

from graphql_api.answers import encode
from graphql_api.execution import free_of_charge
from graphql_api.limits import LimitExceeded
from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.live.identity import admit, still_good, still_pays
from graphql_api.live.messages import Close, id_of, parse, read_payload
from graphql_api.live.operations import Rejected, subscribe
from graphql_api.requests import GraphQLRequest, Refused
from walletsvc.principals import Principal
from walletsvc.web.callers import authorization_of, principal_of
from walletsvc.web.limits import CHARGE, Charge

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
"""How long a client may take to send `connection_init`."""
PING_SECONDS = 20.0
"""The time between two pings. A client that sends nothing in between is taken for gone."""
SEND_SECONDS = 30.0
"""How long a client may take to accept a message before it is cut off. It can subscribe again from where it was."""
MAX_OPERATIONS = 100
MAX_MESSAGE_CHARACTERS = 100_000
MAX_ID_CHARACTERS = 256
_QUICK_CHARACTERS = 2_000
"""Up to this length a message is parsed in the event loop: a thread would take longer to start."""

GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013


class _Gone(Exception):
    """The client has closed the connection."""


class Connection:
    """A client and its subscriptions, by the ids that it chose for them."""

    def __init__(self, socket: WebSocket, *, hub: Hub) -> None:
        self._socket = socket
        self._hub = hub
        self._budget = Budget()
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._principal: Principal | None = None
        self._begun = asyncio.Event()
        self._charge: Charge | None = socket.scope.get(CHARGE)
        self._held = ExitStack()
        self._heard = False
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Serve the client until either side closes the connection."""
        if PROTOCOL not in self._socket.scope["subprotocols"]:
            await self._socket.accept()
            await self._socket.close(4406, "Subprotocol not acceptable")
            return
        await self._socket.accept(subprotocol=PROTOCOL)
        try:
            # The first task to end by an exception ends the others: the reader, the keeper, each operation.
            with self._held:
                async with asyncio.TaskGroup() as self._tasks:
                    self._tasks.create_task(self._keep())
                    self._tasks.create_task(self._say_farewell())
                    await self._read()
        except* _Gone:
            pass
        except* Close as closing:
            first = closing.exceptions[0]
            if isinstance(first, Close):
                with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
                    async with asyncio.timeout(1):
                        await self._socket.close(first.code, first.reason)

    async def _keep(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                await self._begun.wait()
        except TimeoutError:
            raise Close(4408, "Connection initialisation timeout") from None
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._heard:
                raise Close(GOING_AWAY, "Nothing was heard")
            self._heard = False
            await self._send('{"type":"ping"}')

    async def _say_farewell(self) -> None:
        await self._hub.ending.wait()
        raise Close(GOING_AWAY, "The server ends")

    async def _read(self) -> None:
        while True:
            frame = await self._socket.receive()
            if frame["type"] == "websocket.disconnect":
                raise _Gone
            text = frame.get("text")
            if text is None:
                raise Close(4400, "Messages are texts")
            if len(text) > MAX_MESSAGE_CHARACTERS:
                raise Close(1009, "Message too big")
            self._heard = True
            await self._handle(await self._parse(text))

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._begin(message.get("payload"))
            case "ping":
                await self._send('{"type":"pong"}')
            case "pong":
                pass
            case "subscribe":
                await self._subscribe(id_of(message), message.get("payload"))
            case "complete":
                operation = self._operations.pop(id_of(message), None)
                if operation is not None:
                    operation.cancel()
            case _:
                raise Close(4400, "Unknown message type")

    async def _begin(self, payload: object) -> None:
        if self._begun.is_set():
            raise Close(4429, "Too many initialisation requests")
        if payload is not None and not isinstance(payload, dict):
            raise Close(4400, "The payload is an object")
        find_caller = partial(principal_of, self._socket.headers, payload)
        enter = partial(admit, find_caller, self._charge, authorization_of(self._socket.headers, payload))
        try:
            principal = await self._hub.workers.run(enter, self._budget)
            self._held.enter_context(self._hub.sockets.hold(principal.subject, settings.LIVE_MAX_SOCKETS))
        except Refused as refused:
            raise Close(TRY_AGAIN_LATER if refused.status in (429, 503) else 4403, refused.message[:100]) from refused
        except LimitExceeded as refused:
            raise Close(TRY_AGAIN_LATER, refused.message) from refused
        self._principal = principal
        if settings.AUTH_REQUIRED:
            self._tasks.create_task(self._watch(find_caller))
        self._begun.set()
        await self._send('{"type":"connection_ack"}')

    async def _watch(self, find_caller: Callable[[], Principal]) -> None:
        await still_good(find_caller, self._hub, self._budget)
        raise Close(4403, "Forbidden")

    async def _parse(self, text: str) -> Mapping[str, Any]:
        if len(text) <= _QUICK_CHARACTERS:
            return parse(text)
        return await self._hub.workers.run(partial(parse, text), self._budget)

    async def _subscribe(self, identifier: str, payload: object) -> None:
        """Start an operation, or send why not. Raises `Close` where the protocol says so."""
        if self._principal is None:
            raise Close(4401, "Unauthorized")
        if identifier in self._operations:
            raise Close(4409, f"Subscriber for {identifier} already exists")
        try:
            if len(identifier) > MAX_ID_CHARACTERS:
                message = f"An id has at most {MAX_ID_CHARACTERS} characters."
                raise LimitExceeded("too_long", message, limit=MAX_ID_CHARACTERS)
            if len(self._operations) >= MAX_OPERATIONS:
                message = f"A connection has at most {MAX_OPERATIONS} subscriptions at a time."
                raise LimitExceeded("graphql_too_many_operations", message, limit=MAX_OPERATIONS)
            request = read_payload(payload)
        except GraphQLError as error:
            await self._send_message(identifier, "error", Rejected(error).print())
            return
        operation = self._tasks.create_task(self._run(identifier, request, self._principal))
        self._operations[identifier] = operation
        if self._charge is not None and self._charge.lease is not None:
            self._tasks.create_task(self._bill(identifier, operation, self._charge))

    async def _run(self, identifier: str, request: GraphQLRequest, principal: Principal) -> None:
        pay = free_of_charge if self._charge is None else self._charge.spend
        results = subscribe(request, principal=principal, hub=self._hub, budget=self._budget, pay=pay)
        kind, payload = "complete", None
        try:
            async with aclosing(results):
                async for result in results:
                    await self._send_message(identifier, "next", result)
        except Rejected as rejected:
            kind, payload = "error", rejected.print()
        # From now on the client may use the id again.
        del self._operations[identifier]
        await self._send_message(identifier, kind, payload)

    async def _bill(self, identifier: str, operation: asyncio.Task[None], charge: Charge) -> None:
        """Charge for each minute of an operation, and end it with an error once its caller cannot pay."""
        paying = asyncio.ensure_future(still_pays(charge, self._hub, self._budget))
        try:
            await asyncio.wait([operation, paying], return_when=asyncio.FIRST_COMPLETED)
        finally:
            paying.cancel()
        if not operation.done():
            refused = paying.result()
            operation.cancel()
            del self._operations[identifier]
            rejected = Rejected(GraphQLError(refused.message, original_error=refused))
            await self._send_message(identifier, "error", rejected.print())

    async def _send_message(self, identifier: str, kind: str, payload: str | None) -> None:
        """Send a message about an operation, whose payload is JSON."""
        content = "" if payload is None else f',"payload":{payload}'
        await self._send(f'{{"id":{encode(identifier).decode()},"type":"{kind}"{content}}}')

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS), self._sending:
                await self._socket.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise Close(TRY_AGAIN_LATER, "Too slow") from None
        except (WebSocketDisconnect, RuntimeError):
            # The client has gone.
            raise _Gone from None
