"""Malicious input over real sockets: it is refused, harms no other client, and leaves no trace."""

from __future__ import annotations

import json
import socket as sockets
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from tests.live_updates.clients import BALANCE, ENTRIES, TIMEOUT_SECONDS, Socket, open_events, open_socket
from tests.live_updates.conftest import LiveUpdates

HUGE = "1e" + "9" * 20
UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Protocol: graphql-transport-ws",
)


@pytest.fixture(autouse=True)
def _nothing_unforeseen(live_updates: LiveUpdates) -> Iterator[None]:
    """Check the log afterwards: nothing that was sent caused an unexpected error."""
    before = len(live_updates.server.log)
    yield
    said = live_updates.server.log[before:]
    assert "Traceback" not in said
    assert "Unforeseen" not in said


def subscribe_raw(socket: Socket, payload: str, *, name: str = '"1"') -> None:
    socket.connection.send(f'{{"id":{name},"type":"subscribe","payload":{payload}}}')


def codes_of(message: dict[str, Any]) -> list[str]:
    assert message["type"] == "error", message
    return [error["extensions"]["code"] for error in message["payload"]]


VARIABLES = [
    pytest.param('{"wallet":"1","wallet":"2"}', ["malformed"], id="a doubled member"),
    pytest.param('{"wallet":' + "[" * 200 + "]" * 200 + "}", ["malformed"], id="a deep value"),
    pytest.param(f'{{"wallet":"V2FsbGV0Og==","unused":"{"x" * 50_000}"}}', ["not_found"], id="unused ones"),
    pytest.param('{"wallet":{"a":1}}', ["invalid"], id="another kind"),
    pytest.param("{}", ["required"], id="none"),
]


@pytest.mark.parametrize(("variables", "codes"), VARIABLES)
def test_hostile_variables_end_their_operation_only(
    live_updates: LiveUpdates, variables: str, codes: list[str]
) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        socket.subscribe(BALANCE, name="other", wallet=wallet)
        socket.next("other")
        subscribe_raw(socket, f'{{"query":{json.dumps(BALANCE)},"variables":{variables}}}')
        assert codes_of(socket.receive()) == codes
        live_updates.post(wallet)
        assert socket.next("other")["sequence"] == 2


FILTERED = """subscription ($wallet: ID!, $filters: TransactionFilters) {
  walletBalance(id: $wallet) { transactions(filters: $filters) { totalCount } }
}"""


def test_unknown_keys_are_refused_after_a_few_of_them(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    for transport, number in ((open_socket, 5_000), (open_events, 20_000)):
        payload = {
            "query": FILTERED,
            "variables": {"wallet": wallet, "filters": {f"amont{each}": 1 for each in range(number)}},
        }
        if transport is open_socket:
            with open_socket(live_updates.url) as other, open_socket(live_updates.url) as socket:
                subscribe_raw(socket, json.dumps(payload))
                other.send(type="ping")
                assert other.receive() == {"type": "pong"}
                codes = codes_of(socket.receive())
        else:
            with open_events(live_updates.url, payload) as events:
                codes = [error["extensions"]["code"] for error in events.next()[1]["errors"]]
        assert set(codes) <= {"invalid", "graphql_too_many_values"}
        assert len(codes) <= 51


@pytest.mark.parametrize(
    ("payload", "codes"),
    [
        ('{"documentId":"\\ud800"}', ["PERSISTED_QUERY_NOT_FOUND"]),
        ('{"documentId":1}', ["malformed"]),
        ("{}", ["malformed"]),
        (
            '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"\\ud800"}}}',
            ["persisted_query_mismatch"],
        ),
        (f'{{"query":"subscription {{ walletBalance(id: {HUGE}) {{ id }} }}"}}', ["invalid"]),
        (f'{{"query":"{"#" * 50_001}"}}', ["graphql_too_long"]),
    ],
)
def test_hostile_requests_end_their_operation_only(live_updates: LiveUpdates, payload: str, codes: list[str]) -> None:
    with open_socket(live_updates.url) as socket:
        subscribe_raw(socket, payload)
        assert codes_of(socket.receive()) == codes
        socket.send(type="ping")
        assert socket.receive() == {"type": "pong"}


def test_an_id_may_be_any_text(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet()
    with open_socket(live_updates.url) as socket:
        for name in ("\ud800", '"\\', "\x00", "é😀", "x" * 256):
            socket.subscribe(BALANCE, name=name, wallet=wallet)
            assert socket.next(name)["sequence"] == 1
            socket.subscribe("subscription { nothing }", name=f"{name[:9]}!")
            message = socket.receive()
            assert (message["id"], codes_of(message)) == (f"{name[:9]}!", ["graphql_validation_failed"])
            socket.send(id=name, type="complete")
        socket.subscribe(BALANCE, name="x" * 257, wallet=wallet)
        message = socket.receive()
        assert (message["id"], codes_of(message)) == ("x" * 257, ["too_long"])


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type":"ping","type":"pong"}', 4400),
        ('{"id":"1","id":"2","type":"subscribe","payload":{"query":"{a}"}}', 4400),
        ('{"id":"","type":"subscribe","payload":{"query":"{a}"}}', 4400),
        ('{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":{"a":NaN}}}', 4400),
        ('{"id":"1","type":"subscribe","payload":' + '{"query":' * 5_000, 4400),
        ('{"type":"subscribe","payload":' + "[" * 10_000 + "]" * 10_000 + "}", 4400),
        ("\ufeff{}", 4400),
        ("", 4400),
        ("null", 4400),
        ('{"type":{}}', 4400),
        ('{"type":"next","id":"1","payload":{}}', 4400),
        (b"\xff\xfe", 4400),
        ("x" * 2_000_000, 1009),
    ],
)
def test_a_hostile_frame_closes_its_socket_only(live_updates: LiveUpdates, frame: str | bytes, code: int) -> None:
    with open_socket(live_updates.url) as other, open_socket(live_updates.url) as socket:
        socket.connection.send(frame)
        with suppress(ConnectionClosed):
            while True:
                socket.connection.recv(TIMEOUT_SECONDS)
        assert socket.connection.close_code == code
        other.send(type="ping")
        assert other.receive() == {"type": "pong"}


def test_a_client_that_breaks_off_in_the_middle_of_results_leaves_nothing(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    for _ in range(30):
        live_updates.post(wallet)
    for _ in range(5):
        with suppress(ConnectionClosed, OSError), open_socket(live_updates.url) as socket:
            for number in range(50):
                socket.subscribe(ENTRIES, name=str(number), wallet=wallet, after=0)
            socket.receive()
            # A reset instead of a farewell.
            socket.connection.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
            socket.connection.socket.close()
    live_updates.wait_until(lambda: live_updates.health()["subscriptions"] == 0)


def exchange(live_updates: LiveUpdates, *lines: str, body: bytes = b"") -> str:
    """Return the first line of the answer to a request that no well-behaved client sends."""
    address = urlsplit(live_updates.url)
    with sockets.create_connection((address.hostname, address.port), TIMEOUT_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        with connection.makefile("rb") as answer:
            return answer.readline().decode().strip()


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["127.0.0.1", "evil.example"],
        ["evil.example", "127.0.0.1"],
        ["127.0.0.1/x"],
        [""],
        # A port of so many digits is none, and would be remembered.
        [f"localhost:{'1' * 300}"],
    ],
)
def test_another_host_is_refused_before_anything_begins(live_updates: LiveUpdates, hosts: list[str]) -> None:
    named = [f"Host: {host}" for host in hosts]
    for method, path in (("GET", "/graphql/"), ("GET", "/healthz"), ("OPTIONS", "/graphql"), ("GET", "/nothing")):
        assert exchange(live_updates, f"{method} {path} HTTP/1.1", *named) == "HTTP/1.1 400 Bad Request"
    assert exchange(live_updates, "GET /graphql/ HTTP/1.1", *named, *UPGRADE) == "HTTP/1.1 400 Bad Request"
    assert exchange(live_updates, "GET /graphql/ HTTP/1.1", "Host: localhost", *UPGRADE).split()[1] == "101"


def test_a_host_that_is_none_has_no_pages(live_updates: LiveUpdates) -> None:
    # A probe may name any port of an address; whether a page may ask is found by taking the host apart.
    named, origin = f"Host: 127.0.0.1:{'1' * 300}", "Origin: http://127.0.0.1"
    assert exchange(live_updates, "GET /healthz HTTP/1.1", named) == "HTTP/1.1 200 OK"
    assert exchange(live_updates, "GET /healthz HTTP/1.1", named, origin) == "HTTP/1.1 403 Forbidden"


def test_two_origins_are_none(live_updates: LiveUpdates) -> None:
    origins = ["Origin: http://127.0.0.1", "Origin: https://evil.example"]
    for request in (["GET /healthz HTTP/1.1"], ["GET /graphql/ HTTP/1.1", *UPGRADE]):
        assert exchange(live_updates, *request, "Host: 127.0.0.1", *origins) == "HTTP/1.1 403 Forbidden"


SSE = ("Host: 127.0.0.1", "Accept: text/event-stream", "Content-Type: application/json")


def test_codings_of_a_body(live_updates: LiveUpdates) -> None:
    body = json.dumps({"query": "subscription { nothing }"}).encode()
    chunked = b"".join(b"1\r\n%c\r\n" % each for each in body) + b"0\r\n\r\n"
    post, length = "POST /graphql/ HTTP/1.1", f"Content-Length: {len(body)}"
    for lines, sent, status in (
        ([post, *SSE, length], body, "200"),
        ([post, *SSE, "Transfer-Encoding: chunked"], chunked, "200"),
        ([post, *SSE, "Transfer-Encoding: gzip, chunked"], chunked, "501"),
        ([post, *SSE, "Content-Encoding: gzip", length], body, "415"),
        ([post, *SSE, "Content-Encoding: identity", length], body, "200"),
        ([post, *SSE[:2], "Content-Type: application/json; charset=utf-16", length], body, "415"),
        ([post, *SSE[:2], "Content-Type: Application/JSON; charset=UTF-8", length], body, "200"),
        ([post, SSE[0], SSE[2], "Accept: text/event-stream;q=0", length], body, "406"),
        ([post, SSE[0], SSE[2], "Accept: application/json, Text/Event-Stream", length], body, "200"),
        (["HEAD /graphql/ HTTP/1.1", *SSE], b"", "405"),
        (["PUT /graphql/ HTTP/1.1", *SSE, length], body, "405"),
    ):
        assert exchange(live_updates, *lines, body=sent).split()[1] == status, lines
