"""Clients that send a body slowly, or never all of it, keep nobody else waiting, and are ended."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.servers import free_ports
from tests.serving.command import HOST, PATIENCE_SECONDS, Serving, answers, serving, wait_until

pytestmark = pytest.mark.without_engine

CLIENTS = 500
HANG_SECONDS = 5.0
"""Without what is tested here, a GET waits for as long as slow clients stay."""
SILENT_FROM_SECONDS = 5.0
"""When the neighbour falls silent: long enough before others are ended, and not so long that it is closed itself."""
ENDED_SECONDS = 30.0
"""Twice what is promised, on a machine that is busy."""
MOST_SILENT_SECONDS = 7.0
"""Then the neighbour asks once more: whoever is idle is closed after HEADER_MILLISECONDS."""
JSON_API, ATOMIC = "application/vnd.api+json", 'application/vnd.api+json; ext="https://jsonapi.org/ext/atomic"'
TARGETS = (
    ("/api/wallets/", JSON_API),
    ("/graphql/", "application/json"),
    ("/api/operations", ATOMIC),
    ("/nothing/here", "application/json"),
)
HONEST_BYTES, HONEST_PIECES = 150_000, 15
"""More than a slow client may wait for, at a piece in a second, and more than is read at once."""


@dataclass
class Slow:
    """A client that has sent a part of a body, and may send a byte a second."""

    port: int
    number: int
    host: str = "localhost"
    answer: bytes = b""
    ended_at: float | None = None
    connection: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self.connection = socket.create_connection((HOST, self.port), timeout=PATIENCE_SECONDS)
        path, media_type = TARGETS[self.number % len(TARGETS)]
        version = "1.0" if self.is_old else "1.1"
        lines = [f"POST {path} HTTP/{version}", f"Host: {self.host}", f"Content-Type: {media_type}"]
        if self.is_old:
            # The answer says that it may stay as well.
            lines.append("Connection: Keep-Alive")
        if self.is_chunked:
            lines += ["Transfer-Encoding: chunked", "", "7", '{"data"']
        else:
            lines += ["Content-Length: 100", "", '{"data"']
        self.connection.sendall("\r\n".join(lines).encode())
        self.connection.settimeout(0)

    @property
    def is_chunked(self) -> bool:
        return self.number // len(TARGETS) % 3 == 1

    @property
    def is_old(self) -> bool:
        return self.number // len(TARGETS) % 6 == 0

    @property
    def is_slow(self) -> bool:
        return self.number // len(TARGETS) % 3 == 2

    def look(self, *, sends: bool) -> None:
        """Send a byte if it is time to, and read what there is."""
        try:
            if sends and self.is_slow:
                self.connection.send(b" ")
            piece = self.connection.recv(65_536)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self.answer += piece
        if not piece:
            self.ended_at = time.monotonic()


class Reader(threading.Thread):
    """Asks on one connection all the time."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.seconds, self.stopping = port, [0.0], threading.Event()
        self.failure: object = None

    def run(self) -> None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE_SECONDS)
        while not self.stopping.is_set():
            begin = time.monotonic()
            try:
                status = ask(connection)
            except OSError as error:
                self.failure = error
                return
            if status != 200:
                self.failure = status
            self.seconds.append(time.monotonic() - begin)
            time.sleep(0.005)

    def end(self) -> list[float]:
        self.stopping.set()
        self.join(PATIENCE_SECONDS)
        assert self.failure is None
        return sorted(self.seconds)


def ask(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", "/api/wallets/")
    response = connection.getresponse()
    response.read()
    return response.status


def send_honestly(port: int, result: list[int]) -> None:
    """Create a wallet by a body that takes longer than a silent one may, and note the status."""
    document = {"data": {"type": "Wallet", "attributes": {"label": "Patience", "currency": "EUR"}}}
    body = json.dumps(document).encode().rjust(HONEST_BYTES)
    size = len(body) // HONEST_PIECES
    connection = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    connection.putrequest("POST", "/api/wallets/")
    connection.putheader("Content-Type", JSON_API)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders()
    for begin in range(0, len(body), size):
        connection.send(body[begin : begin + size])
        time.sleep(1)
    result.append(connection.getresponse().status)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Serving, int]]:
    (port,) = free_ports(1)
    with serving(tmp_path, PORT=str(port), LIVE_PORT="0") as running:
        wait_until(lambda: answers(port))
        yield running, port


def test_five_hundred_half_sent_bodies(server: tuple[Serving, int]) -> None:
    running, port = server
    idle = http.client.HTTPConnection(HOST, port, timeout=PATIENCE_SECONDS)
    assert ask(idle) == 200
    asked_at = time.monotonic()
    stored: list[int] = []
    honest = threading.Thread(target=send_honestly, args=(port, stored), daemon=True)
    honest.start()
    begin = time.monotonic()
    with ExitStack() as stack:
        clients = [Slow(port, number) for number in range(CLIENTS)]
        # Its body is read before its host is looked at.
        refused = Slow(port, 5, host="elsewhere.example")
        for client in (*clients, refused):
            stack.enter_context(client.connection)
        reader = Reader(port)
        reader.start()
        send_at = begin
        while waiting := [client for client in (*clients, refused) if client.ended_at is None]:
            now = time.monotonic()
            assert now - begin < ENDED_SECONDS, f"{len(waiting)} are still there"
            if sends := now >= send_at:
                send_at = now + 1
            if (sends and now - begin < SILENT_FROM_SECONDS) or now - asked_at > MOST_SILENT_SECONDS:
                assert ask(idle) == 200
                asked_at = time.monotonic()
            for client in waiting:
                client.look(sends=sends)
            time.sleep(0.1)
        seconds = reader.end()
        p99 = seconds[len(seconds) * 99 // 100]
        longest = max(client.ended_at or 0 for client in clients) - begin
        print(f"GET p99 {p99:.3f} s, {seconds[-1]:.3f} s at most; ended by {longest:.1f} s")
        assert seconds[-1] < HANG_SECONDS
        for client in clients:
            check_answer(client)
        assert refused.answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert b'"invalid_host"' in refused.answer
    # Neither this connection nor that of the wallet was taken for one of theirs.
    assert ask(idle) == 200
    honest.join(PATIENCE_SECONDS)
    assert stored == [201]
    idle.request("GET", "/api/wallets/?filter[label]=Patience")
    assert len(json.loads(idle.getresponse().read())["data"]) == 1
    end_with_bodies_open(running, port)


def check_answer(client: Slow) -> None:
    path, _ = TARGETS[client.number % len(TARGETS)]
    head, _, content = client.answer.partition(b"\r\n\r\n")
    status = head.split(b" ", 2)[1]
    if path == "/nothing/here" and status == b"404":
        # Nobody needs the body to say so.
        return
    assert (status, len(re.findall(rb"HTTP/1\.[01] ", client.answer))) == (b"408", 1), client.answer
    assert re.search(rb"(?i)\r\nconnection: close(, keep-alive)?\r\n", head)
    assert re.search(rb"(?i)\r\nx-request-id: [0-9a-f]+-", head)
    (error,) = json.loads(content)["errors"]
    if path == "/graphql/":
        assert error["extensions"]["code"] == "request_timeout"
    elif path == "/nothing/here":
        assert error["code"] == "request_timeout"
    else:
        assert (error["status"], error["code"]) == ("408", "request_timeout")


def end_with_bodies_open(running: Serving, port: int) -> None:
    with ExitStack() as stack:
        for number in range(CLIENTS):
            stack.enter_context(Slow(port, number).connection)
        begin = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        running.wait()
        print(f"ended {time.monotonic() - begin:.1f} s after SIGTERM")
    assert running.process.returncode == 0
    running.wait_for_no_process()


def test_a_client_that_leaves_in_the_middle_of_a_body_gives_its_thread_back(server: tuple[Serving, int]) -> None:
    _, port = server
    for _ in range(3):
        for client in [Slow(port, number) for number in range(100)]:
            with suppress(OSError):
                client.connection.close()
    connection = http.client.HTTPConnection(HOST, port, timeout=HANG_SECONDS)
    assert [ask(connection) for _ in range(20)] == [200] * 20
