"""Slow, silent and late clients, and the visibility of wallets for each caller."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.requests import Request
from starlette.websockets import WebSocket

from graphql_api.live import sse, websocket
from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.live.operations import Rejected, subscribe
from graphql_api.live.websocket import PROTOCOL, Connection
from graphql_api.requests import GraphQLRequest
from tests.conftest import MakeWallet, Post
from tests.live_updates.clients import BALANCE, ENTRIES, TIMEOUT_SECONDS
from tests.live_updates.hubs import run
from walletsvc.events.feeds import Feeds
from walletsvc.events.topics import Topic
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import Selection

ANNA = Principal(subject="anna", scopes=frozenset({"admin"}), owner="anna")
BERT = Principal(subject="bert", scopes=frozenset({"admin"}), owner="bert")

pytestmark = pytest.mark.django_db(transaction=True)


class Client:
    """The far end of a connection, without a network between. Accepts no result while `is_stuck`."""

    def __init__(self, *messages: dict[str, Any], is_stuck: bool = False) -> None:
        self.sent: list[dict[str, Any]] = []
        self.is_stuck = is_stuck
        self._messages = [{"type": "websocket.connect"}, *map(_as_event, messages)]

    async def receive(self) -> Any:
        if self._messages:
            return self._messages.pop(0)
        return await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if self.is_stuck and '"next"' in message.get("text", ""):
            await asyncio.Event().wait()

    @property
    def close(self) -> dict[str, Any]:
        return self.sent[-1]


def _as_event(message: dict[str, Any]) -> dict[str, Any]:
    return {"type": "websocket.receive", "text": json.dumps(message)}


async def serve(hub: Hub, client: Client) -> None:
    scope = {"type": "websocket", "subprotocols": [PROTOCOL], "headers": []}
    await Connection(WebSocket(scope, client.receive, client.send), hub=hub).serve()


class Reader:
    """The far end of a stream of events. Takes no result while `is_stuck`."""

    def __init__(self, payload: object, *, is_stuck: bool = False) -> None:
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/graphql/",
            "query_string": b"",
            "headers": [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")],
        }
        self.is_stuck = is_stuck
        self.sent: list[bytes] = []
        self._messages = [{"type": "http.request", "body": json.dumps(payload).encode(), "more_body": False}]

    async def receive(self) -> Any:
        if self._messages:
            return self._messages.pop()
        return await asyncio.Event().wait()

    async def send(self, message: Any) -> None:
        self.sent.append(message.get("body", b""))
        if self.is_stuck and self.sent[-1].startswith(b"event"):
            await asyncio.Event().wait()

    async def read(self, hub: Hub) -> None:
        """Ask, and take events until the server ends."""
        response = await sse.respond(Request(self.scope, self.receive), hub=hub)
        await response(self.scope, self.receive, self.send)


INIT = {"type": "connection_init"}


def test_a_client_that_takes_nothing_is_cut_off_and_has_no_queue(
    make_wallet: MakeWallet, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SEND_SECONDS", 0.2)
    wallet = make_wallet("0")
    for _ in range(5):
        post(wallet, "1.00")
    payload = {"query": ENTRIES, "variables": {"wallet": str(wallet.id), "after": 0}}
    client = Client(INIT, {"id": "1", "type": "subscribe", "payload": payload}, is_stuck=True)

    async def work(hub: Hub) -> None:
        await serve(hub, client)
        assert hub.feeds.watchers == 0

    run(work)
    assert client.close == {"type": "websocket.close", "code": 1013, "reason": "Too slow"}
    assert sum('"next"' in message.get("text", "") for message in client.sent) == 1


def test_a_reader_of_events_that_takes_none_is_cut_off_and_has_no_queue(
    make_wallet: MakeWallet, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "SEND_SECONDS", 0.2)
    wallet = make_wallet("0")
    for _ in range(5):
        post(wallet, "1.00")
    reader = Reader({"query": ENTRIES, "variables": {"wallet": str(wallet.id), "after": 0}}, is_stuck=True)

    async def work(hub: Hub) -> None:
        await reader.read(hub)
        while hub.feeds.watchers:
            await asyncio.sleep(0.01)

    run(work)
    assert sum(each.startswith(b"event: next") for each in reader.sent) == 1


def test_a_reader_of_events_hears_of_silence(make_wallet: MakeWallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_SECONDS", 0.02)
    reader = Reader({"query": BALANCE, "variables": {"wallet": str(make_wallet("5.00").id)}})

    async def work(hub: Hub) -> None:
        reading = asyncio.create_task(reader.read(hub))
        # On a busy machine, the balance may come after some of them.
        while sum(each.startswith(b":") for each in reader.sent) < 4 or b"event: next" not in b"".join(reader.sent):
            await asyncio.sleep(0.01)
        assert hub.feeds.watchers == 1
        reading.cancel()
        while hub.feeds.watchers:
            await asyncio.sleep(0.01)

    run(work)
    assert sum(each.startswith(b"event: next") for each in reader.sent) == 1


def test_a_client_that_does_not_say_hello_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
    client = Client()
    run(lambda hub: serve(hub, client))
    assert client.close["code"] == 4408


def test_a_client_is_pinged_and_closed_when_nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "PING_SECONDS", 0.05)
    client = Client(INIT)
    run(lambda hub: serve(hub, client))
    assert [message.get("text") for message in client.sent] == [
        None,
        '{"type":"connection_ack"}',
        '{"type":"ping"}',
        None,
    ]
    assert client.close["code"] == 1001


def test_no_owner_sees_the_wallets_of_another(make_wallet: MakeWallet) -> None:
    wallet = make_wallet("5.00", principal=ANNA)
    assert wallet.owner == "anna"

    async def ask(hub: Hub, principal: Principal, query: str) -> str:
        request = GraphQLRequest(query, {"wallet": str(wallet.id), "after": 0}, None, {})
        stream = subscribe(request, principal=principal, hub=hub, budget=Budget())
        result = await anext(stream)
        await stream.aclose()
        return result

    async def work(hub: Hub) -> None:
        for query in (BALANCE, ENTRIES):
            for principal in (ANNA, ANYONE):
                assert '"sequence":1' in await ask(hub, principal, query)
            with pytest.raises(Rejected) as refusal:
                await ask(hub, BERT, query)
            assert [error["extensions"]["code"] for error in refusal.value.errors] == ["not_found"]
        assert hub.feeds.watchers == 0

    run(work)


def test_one_read_serves_all_who_watch_the_same(make_wallet: MakeWallet, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet = make_wallet("5.00")
    reads: list[int] = []
    read = Topic.read

    def count(topic: Topic, sequence: int) -> Any:
        reads.append(sequence)
        return read(topic, sequence)

    monkeypatch.setattr(Topic, "read", count)
    topic = Topic("Entry", wallet.id, ANYONE.as_reader(), Selection())

    async def work(hub: Hub) -> None:
        watchers = [await hub.feeds.watch(topic, after=0, client=number) for number in range(50)]
        events = await asyncio.gather(*(anext(watcher) for watcher in watchers))
        assert len({id(event) for event in events}) == 1
        assert hub.feeds.watchers == 50
        await asyncio.gather(*(watcher.aclose() for watcher in watchers))
        assert hub.feeds.watchers == 0

    run(work)
    assert reads == [0]


def test_following_can_be_stopped_at_any_step(redis_urls: tuple[str, str]) -> None:
    async def end_after(steps: int) -> None:
        feeds = Feeds()
        feeds._is_watched.set()
        following = asyncio.create_task(feeds.run())
        for _ in range(steps):
            await asyncio.sleep(0)
        feeds._is_watched.clear()
        following.cancel()
        done, _ = await asyncio.wait([following], timeout=TIMEOUT_SECONDS)
        feeds.close()
        assert done, f"it went on after {steps} steps"
        assert following.cancelled()

    for steps in range(40):
        asyncio.run(end_after(steps))
