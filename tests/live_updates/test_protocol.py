"""Forbidden messages on a WebSocket, and the pages that may open one."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.live_updates.clients import BALANCE, TIMEOUT_SECONDS, Socket, open_socket
from tests.live_updates.conftest import LiveUpdates

SUBSCRIBE = json.dumps({"id": "1", "type": "subscribe", "payload": {"query": "subscription { nothing }"}})
INIT = '{"type":"connection_init"}'


def closed_with(socket: Socket) -> int:
    """Return the code of the close that comes after any messages."""
    with suppress(ConnectionClosed):
        while True:
            socket.connection.recv(TIMEOUT_SECONDS)
    code = socket.connection.close_code
    assert code is not None
    return code


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["no JSON"], 4400),
        (["[]"], 4400),
        (["[" * 50_000], 4400),
        (['{"type":"unknown"}'], 4400),
        (['{"type":"connection_init","payload":[]}'], 4400),
        ([b"\x00"], 4400),
        ([" " * 100_001], 1009),
        ([SUBSCRIBE], 4401),
        ([INIT, INIT], 4429),
        ([INIT, '{"type":"subscribe","payload":{}}'], 4400),
        ([INIT, '{"type":"subscribe","id":1,"payload":{}}'], 4400),
        ([INIT, '{"type":"subscribe","id":"1","payload":"x"}'], 4400),
        ([INIT, '{"type":"subscribe","id":"1","payload":{"query":1}}'], 4400),
        ([INIT, '{"type":"subscribe","id":"1","payload":{"query":"{","variables":[]}}'], 4400),
    ],
)
def test_a_breach_of_the_protocol_closes(live_updates: LiveUpdates, messages: list[str | bytes], code: int) -> None:
    with open_socket(live_updates.url, begin=False) as socket:
        for message in messages:
            socket.connection.send(message)
        assert closed_with(socket) == code


def test_an_id_in_use_closes(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, wallet=wallet)
        socket.next()
        socket.subscribe(BALANCE, wallet=wallet)
        assert closed_with(socket) == 4409


def test_a_subscription_too_many_is_an_error_and_the_others_continue(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        for number in range(100):
            socket.subscribe(BALANCE, name=str(number), wallet=wallet)
            assert socket.next(str(number))["sequence"] == 1
        socket.subscribe(BALANCE, name="more", wallet=wallet)
        message = socket.receive()
        assert (message["type"], message["id"]) == ("error", "more")
        [error] = message["payload"]
        assert error["extensions"] == {"code": "graphql_too_many_operations", "limit": 100}
        live_updates.post(wallet)
        received = [socket.receive() for _ in range(100)]
        assert {message["id"] for message in received} == {str(number) for number in range(100)}
        assert {message["type"] for message in received} == {"next"}
        # One that ends makes room.
        socket.send(id="7", type="complete")
        socket.subscribe(BALANCE, name="more", wallet=wallet)
        assert socket.next("more")["sequence"] == 2
    live_updates.wait_until(lambda: live_updates.health()["subscriptions"] == 0)


def test_another_protocol_is_not_spoken(live_updates: LiveUpdates) -> None:
    with open_socket(live_updates.url, begin=False, subprotocols=None) as socket:
        assert closed_with(socket) == 4406


def test_pings_are_answered_and_completing_nothing_is_no_breach(live_updates: LiveUpdates) -> None:
    with open_socket(live_updates.url) as socket:
        socket.send(id="never", type="complete")
        socket.send(type="ping", payload={})
        assert socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1", "http://127.0.0.1:3000", "https://app.example.com"])
def test_these_may_connect(live_updates: LiveUpdates, origin: str | None) -> None:
    with open_socket(live_updates.url, origin=origin):
        pass


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.com.evil.example", "null"])
def test_pages_of_other_origins_may_not(live_updates: LiveUpdates, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refusal, open_socket(live_updates.url, origin=origin):
        pass
    assert refusal.value.response.status_code == 403
