"""graphql-transport-ws: subscriptions over a WebSocket.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, whose close codes are used here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import Any

import orjson
from starlette.websockets import WebSocket

from graphql_api.live.callers import principal_of
from graphql_api.live.feeds import Hub
from graphql_api.live.operations import Rejected, Results, subscribe
from graphql_api.requests import GraphQLRequest, Refused, check_members, read_json
from walletsvc.principals import Principal

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 10.0
"""How long a client may take to say hello."""
PING_SECONDS = 20.0
"""How often a client is asked whether it is there; one that says nothing at all in between is not."""
SEND_SECONDS = 30.0
"""How long a client may take to accept a message before it is cut off. It comes back and asks from where it was."""
MAX_OPERATIONS = 100
MAX_MESSAGE_CHARACTERS = 100_000
_MAX_ID_CHARACTERS = 256
_MAX_REASON_BYTES = 123

GOING_AWAY = 1001
TRY_AGAIN_LATER = 1013


class _Close(Exception):
    """The connection is to be closed."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class _Gone(Exception):
    """The client has closed the connection."""


class Connection:
    """One client and its subscriptions, by the ids that it gave them."""

    def __init__(self, socket: WebSocket, *, hub: Hub, results: Results) -> None:
        self._socket = socket
        self._hub = hub
        self._results = results
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._principal: Principal | None = None
        self._begun = asyncio.Event()
        self._heard = False
        self._sending = asyncio.Lock()

    async def serve(self) -> None:
        """Talk to the client until either side closes."""
        if PROTOCOL not in self._socket.scope["subprotocols"]:
            await self._socket.accept()
            await self._socket.close(4406, "Subprotocol not acceptable")
            return
        await self._socket.accept(subprotocol=PROTOCOL)
        try:
            # Whichever part ends first ends the others: the reader, the keeper, each operation.
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._keep())
                await self._read()
        except* _Gone:
            pass
        except* _Close as closing:
            first = closing.exceptions[0]
            if isinstance(first, _Close):
                with suppress(TimeoutError):
                    async with asyncio.timeout(1):
                        await self._socket.close(first.code, _fit(first.reason))

    async def _keep(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                await self._begun.wait()
        except TimeoutError:
            raise _Close(4408, "Connection initialisation timeout") from None
        while True:
            await asyncio.sleep(PING_SECONDS)
            if not self._heard:
                raise _Close(GOING_AWAY, "Nothing was heard")
            self._heard = False
            await self._send('{"type":"ping"}')

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise _Gone
            text = message.get("text")
            if text is None:
                raise _Close(4400, "Messages are texts")
            if len(text) > MAX_MESSAGE_CHARACTERS:
                raise _Close(1009, "Message too big")
            self._heard = True
            await self._handle(_parse(text))

    async def _handle(self, message: Mapping[str, Any]) -> None:
        match message.get("type"):
            case "connection_init":
                await self._begin(message.get("payload"))
            case "ping":
                await self._send('{"type":"pong"}')
            case "pong":
                pass
            case "subscribe":
                self._subscribe(_id_of(message), message.get("payload"))
            case "complete":
                operation = self._operations.pop(_id_of(message), None)
                if operation is not None:
                    operation.cancel()
            case _:
                raise _Close(4400, "Unknown message type")

    async def _begin(self, payload: object) -> None:
        if self._begun.is_set():
            raise _Close(4429, "Too many initialisation requests")
        if payload is not None and not isinstance(payload, dict):
            raise _Close(4400, "The payload is an object")
        self._principal = await principal_of(self._socket, payload or {})
        self._begun.set()
        await self._send('{"type":"connection_ack"}')

    def _subscribe(self, identifier: str, payload: object) -> None:
        if self._principal is None:
            raise _Close(4401, "Unauthorized")
        if identifier in self._operations:
            raise _Close(4409, f"Subscriber for {identifier} already exists")
        if len(self._operations) >= MAX_OPERATIONS:
            raise _Close(4429, f"At most {MAX_OPERATIONS} subscriptions on a connection")
        try:
            request = check_members(payload)
        except Refused as refused:
            raise _Close(4400, refused.message) from refused
        self._operations[identifier] = self._tasks.create_task(self._run(identifier, request, self._principal))

    async def _run(self, identifier: str, request: GraphQLRequest, principal: Principal) -> None:
        name = orjson.dumps(identifier).decode()
        last = f'{{"id":{name},"type":"complete"}}'
        try:
            stream = await subscribe(request, principal=principal, hub=self._hub, results=self._results)
            async with aclosing(stream):
                async for result in stream:
                    await self._send(f'{{"id":{name},"type":"next","payload":{result}}}')
        except Rejected as rejected:
            last = f'{{"id":{name},"type":"error","payload":{rejected.print()}}}'
        # From now on the client may use the id again.
        del self._operations[identifier]
        await self._send(last)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS), self._sending:
                await self._socket.send({"type": "websocket.send", "text": text})
        except TimeoutError:
            raise _Close(TRY_AGAIN_LATER, "Too slow") from None


def _parse(text: str) -> Mapping[str, Any]:
    try:
        message = read_json(text.encode())
    except (Refused, UnicodeEncodeError):
        raise _Close(4400, "Messages are JSON") from None
    if not isinstance(message, dict):
        raise _Close(4400, "Messages are JSON objects")
    return message


def _id_of(message: Mapping[str, Any]) -> str:
    identifier = message.get("id")
    if not isinstance(identifier, str) or not 1 <= len(identifier) <= _MAX_ID_CHARACTERS:
        raise _Close(4400, "An id is a string")
    if not identifier.isprintable() and any("\ud800" <= character <= "\udfff" for character in identifier):
        # JSON can spell lone surrogates, and the frames that answer cannot.
        raise _Close(4400, "An id is valid Unicode")
    return identifier


def _fit(reason: str) -> str:
    """Return as much of a reason as a close frame holds (RFC 6455, section 5.5)."""
    return reason.encode()[:_MAX_REASON_BYTES].decode(errors="ignore")
