"""Minimal clients of the live server: frames and events as in the protocols."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

TIMEOUT_SECONDS = 60
PROTOCOL: Any = "graphql-transport-ws"

ENTRIES = """subscription ($wallet: ID!, $after: Long) {
  transactions(walletId: $wallet, afterSequence: $after) {
    sequence kind amount balanceAfter txid transaction { txid amount }
  }
}"""
BALANCE = """subscription ($wallet: ID!, $after: Long) {
  walletBalance(id: $wallet, afterSequence: $after) { databaseId balance sequence }
}"""


class Socket:
    """A graphql-transport-ws client."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def receive(self, timeout_seconds: float = TIMEOUT_SECONDS) -> dict[str, Any]:
        """Return the next message that is no ping. Raises `TimeoutError`."""
        while True:
            message = json.loads(self.connection.recv(timeout_seconds))
            if message["type"] != "ping":
                return message
            self.send(type="pong")

    def begin(self) -> None:
        self.send(type="connection_init")
        assert self.receive() == {"type": "connection_ack"}

    def subscribe(self, query: str, *, name: str = "1", **variables: Any) -> None:
        self.send(id=name, type="subscribe", payload={"query": query, "variables": variables})

    def next(self, name: str = "1") -> dict[str, Any]:
        """Return the one root field of the next result."""
        message = self.receive()
        assert (message["type"], message["id"]) == ("next", name), message
        assert "errors" not in message["payload"], message
        (value,) = message["payload"]["data"].values()
        return value


@contextmanager
def open_socket(url: str, *, begin: bool = True, **options: Any) -> Iterator[Socket]:
    """Yield a connection to the live server at `url`, after its handshake and hello."""
    address = url.replace("http://", "ws://") + "/graphql/"
    settings: dict[str, Any] = {"subprotocols": [PROTOCOL], "open_timeout": TIMEOUT_SECONDS, **options}
    with connect(address, ping_interval=None, compression=None, **settings) as connection:
        socket = Socket(connection)
        if begin:
            socket.begin()
        yield socket


class Events:
    """A response of server-sent events."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.response = response

    def next(self) -> tuple[str, Any]:
        """Return the kind and the data of the next event."""
        fields: dict[str, str] = {}
        while "event" not in fields:
            # Comments are events without fields. Lines may end in any way that text has.
            while line := self._read_line():
                name, _, value = line.partition(": ")
                fields[name] = value
        return fields["event"], json.loads(fields["data"]) if fields["data"] else None

    def _read_line(self) -> str:
        line = self.response.readline().decode()
        assert line, "The stream has ended."
        return line.rstrip("\r\n")


@contextmanager
def open_events(
    url: str, payload: object, *, method: str = "POST", path: str = "/graphql/", **headers: str
) -> Iterator[Events]:
    """Yield the events that answer a request. Bytes are sent unchanged, anything else as JSON."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=TIMEOUT_SECONDS)
    body = payload if isinstance(payload, bytes | None) else json.dumps(payload)
    sent = {"Accept": "text/event-stream", "Content-Type": "application/json", **headers}
    connection.request(method, path, body, sent)
    try:
        yield Events(connection.getresponse())
    finally:
        connection.close()
