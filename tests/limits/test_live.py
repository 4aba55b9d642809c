"""The live server charges for connections and subscriptions, and for each minute that they last."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from starlette.requests import Request
from starlette.websockets import WebSocket

from graphql_api.live import identity, sse
from graphql_api.live.hub import Hub
from graphql_api.live.websocket import PROTOCOL, Connection
from tests.access.clocks import Clock
from tests.conftest import MakeWallet
from tests.limits.server import Key
from tests.live_updates.clients import BALANCE
from tests.live_updates.hubs import run
from walletsvc.access import identify as way_in
from walletsvc.access.verified import Verified
from walletsvc.web.hooks import with_hooks_async
from walletsvc.web.limits import RequestLimits

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def guarded(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUTH_REQUIRED = True
    settings.REDIS_URL = ""
    settings.LIMIT_PER_PRINCIPAL, settings.LIMIT_PER_ADDRESS = "6/minute", "4/minute"
    settings.LIMIT_AUTH_FAILURES = "2/minute"
    settings.LIVE_MAX_OPERATIONS = settings.LIVE_MAX_SOCKETS = 0
    monkeypatch.setattr(way_in, "verified", Verified())


@pytest.fixture
def key(key: Key) -> str:
    return key()


@pytest.fixture
def wallet(make_wallet: MakeWallet) -> int:
    return make_wallet("1.00").id


@pytest.fixture
def short_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "PAY_SECONDS", 0.05)


@pytest.fixture
def limits(clock: Clock) -> RequestLimits:
    return RequestLimits(clock=clock)


class Client:
    """The far end of a connection, behind the hook and without a network between."""

    def __init__(self, hub: Hub, limits: RequestLimits, key: str | None) -> None:
        self.sent: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._messages: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self._hub = hub
        self._limits = limits
        self._headers = [] if key is None else [(b"authorization", f"Bearer {key}".encode())]
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> dict[str, Any]:
        """Open a socket, and return the answer to `connection_init`, or how the server closes the socket."""
        self._messages.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(self._run(self._serve_socket, {"type": "websocket"}))
        assert (await self.sent.get())["type"] == "websocket.accept"
        self.send(type="connection_init")
        return await self.receive()

    def send(self, **message: object) -> None:
        self._messages.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    def subscribe(self, wallet: int, name: str = "1") -> None:
        payload = {"query": BALANCE, "variables": {"wallet": str(wallet)}}
        self.send(id=name, type="subscribe", payload=payload)

    async def receive(self) -> dict[str, Any]:
        message = await self.sent.get()
        return json.loads(message["text"]) if message["type"] == "websocket.send" else dict(message)

    async def close(self) -> None:
        self._messages.put_nowait({"type": "websocket.disconnect"})
        assert self._task is not None
        await self._task

    async def events(self, wallet: int) -> tuple[int, dict[str, str], bytes]:
        """Ask for events, and return the answer once it has ended."""
        body = json.dumps({"query": BALANCE, "variables": {"wallet": str(wallet)}}).encode()
        self._messages.put_nowait({"type": "http.request", "body": body, "more_body": False})
        self._headers += [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")]
        await self._run(self._serve_events, {"type": "http", "method": "POST", "query_string": b""})
        start, *chunks = [self.sent.get_nowait() for _ in range(self.sent.qsize())]
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers, b"".join(chunk["body"] for chunk in chunks)

    async def _run(self, application: Callable[..., Awaitable[None]], scope: dict[str, Any]) -> None:
        scope |= {"path": "/graphql/", "subprotocols": [PROTOCOL], "headers": self._headers}
        scope["client"] = ("192.0.2.1", 4711)
        await with_hooks_async(application, [self._limits])(scope, self._messages.get, self._send)

    async def _send(self, message: Mapping[str, Any]) -> None:
        self.sent.put_nowait(message)

    async def _serve_socket(self, scope: Any, receive: Any, send: Any) -> None:
        await Connection(WebSocket(scope, receive, send), hub=self._hub).serve()

    async def _serve_events(self, scope: Any, receive: Any, send: Any) -> None:
        response = await sse.respond(Request(scope, receive), hub=self._hub)
        await response(scope, receive, send)


def test_a_subscription_beyond_the_limit_is_an_error_of_its_own(wallet: int, key: str, limits: RequestLimits) -> None:
    async def work(hub: Hub) -> None:
        client = Client(hub, limits, key)
        assert await client.open() == {"type": "connection_ack"}
        for name in "abcde":
            client.subscribe(wallet, name)
            assert (await client.receive())["type"] == "next"
        client.subscribe(wallet, "f")
        refused = await client.receive()
        assert (refused["type"], refused["id"]) == ("error", "f")
        [error] = refused["payload"]
        assert error["extensions"]["code"] == "rate_limited"
        assert error["extensions"]["retryAfterSeconds"] >= 1
        # The others go on.
        assert hub.feeds.watchers == 5
        await client.close()

    run(work)


@pytest.mark.usefixtures("short_minutes")
def test_each_minute_of_a_subscription_is_charged_for(wallet: int, key: str, limits: RequestLimits) -> None:
    async def work(hub: Hub) -> None:
        client = Client(hub, limits, key)
        await client.open()
        client.subscribe(wallet)
        assert (await client.receive())["type"] == "next"
        ended = await client.receive()
        assert (ended["type"], ended["id"]) == ("error", "1")
        assert ended["payload"][0]["extensions"]["code"] == "rate_limited"
        # Its name is free again, and the connection stays.
        client.subscribe(wallet)
        assert (await client.receive())["type"] == "error"
        assert hub.feeds.watchers == 0
        await client.close()

    run(work)
    principal = way_in.identify(f"Bearer {key}")
    lease = limits.of_principal(principal)
    assert lease is not None
    assert lease.take(1) > 0


@pytest.mark.usefixtures("short_minutes")
def test_a_subscription_that_ends_is_not_charged_for_any_more(wallet: int, key: str, limits: RequestLimits) -> None:
    async def work(hub: Hub) -> None:
        client = Client(hub, limits, key)
        await client.open()
        client.subscribe(wallet)
        await client.receive()
        client.send(id="1", type="complete")
        await asyncio.sleep(0.5)
        client.subscribe(wallet)
        assert (await client.receive())["type"] == "next"
        await client.close()

    run(work)


@pytest.mark.usefixtures("short_minutes")
def test_events_end_and_are_refused_by_status(wallet: int, key: str, limits: RequestLimits) -> None:
    async def work(hub: Hub) -> None:
        status, headers, body = await Client(hub, limits, key).events(wallet)
        assert (status, headers["ratelimit-policy"]) == (200, '"principal";q=6;w=60')
        assert headers["ratelimit"].startswith('"principal";r=5;')
        assert b"event: next" in body
        status, headers, body = await Client(hub, limits, key).events(wallet)
        assert (status, headers["ratelimit"][:16]) == (429, '"principal";r=0;')
        assert int(headers["retry-after"]) >= 1
        assert json.loads(body)["errors"][0]["extensions"]["code"] == "rate_limited"

    run(work)


def test_who_shows_no_good_key_is_counted_by_address(wallet: int, key: str, limits: RequestLimits) -> None:
    async def work(hub: Hub) -> None:
        assert (await Client(hub, limits, "bad").open())["code"] == 4403
        status, headers, _ = await Client(hub, limits, "bad").events(wallet)
        assert (status, headers["ratelimit-policy"]) == (401, '"address";q=4;w=60')
        # Two bad keys: the next one is not looked at.
        assert (await Client(hub, limits, "bad").open())["code"] == 1013
        status, headers, _ = await Client(hub, limits, "bad").events(wallet)
        assert (status, headers["ratelimit-policy"]) == (429, '"auth-failures";q=2;w=60')
        assert [(await Client(hub, limits, None).events(wallet))[0] for _ in range(3)] == [401, 401, 429]

    run(work)


def test_a_caller_has_so_many_sockets_and_subscriptions(
    wallet: int, key: str, limits: RequestLimits, settings: Any
) -> None:
    settings.LIMIT_PER_PRINCIPAL = ""
    settings.LIVE_MAX_SOCKETS, settings.LIVE_MAX_OPERATIONS = 2, 3
    free = RequestLimits()

    async def work(hub: Hub) -> None:
        first, second, third = (Client(hub, free, key) for _ in range(3))
        assert await first.open() == await second.open() == {"type": "connection_ack"}
        closed = await third.open()
        assert (closed["type"], closed["code"]) == ("websocket.close", 1013)
        assert "at most 2 sockets" in closed["reason"]
        for client, name in ((first, "a"), (first, "b"), (second, "a")):
            client.subscribe(wallet, name)
            assert (await client.receive())["type"] == "next"
        second.subscribe(wallet, "b")
        refused = await second.receive()
        assert (refused["type"], refused["id"]) == ("error", "b")
        assert refused["payload"][0]["extensions"] == {"code": "graphql_too_many_operations", "limit": 3}
        await first.close()
        # Its places are free again.
        second.subscribe(wallet, "b")
        assert (await second.receive())["type"] == "next"
        again = Client(hub, free, key)
        assert await again.open() == {"type": "connection_ack"}
        for client in (again, second):
            await client.close()
        assert len(hub.sockets) == len(hub.operations) == 0

    run(work)
