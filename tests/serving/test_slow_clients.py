"""Clients that send their request slowly, or too much of it, keep nobody else waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.servers import free_ports
from tests.serving.command import HOST, PATIENCE_SECONDS, listens, serving, wait_until
from walletsvc.management.commands.serve import HEADER_MILLISECONDS, MAX_HEADER_BYTES

pytestmark = pytest.mark.without_engine

SLOW_CLIENTS = 200


@pytest.fixture
def ports(tmp_path: Path) -> Iterator[tuple[int, int]]:
    web, live = free_ports(2)
    with serving(tmp_path, PORT=str(web), LIVE_PORT=str(live), WEB_THREADS="2"):
        wait_until(lambda: listens(web) and listens(live))
        yield web, live


def open_socket(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=PATIENCE_SECONDS)


def ask(port: int, *headers: str) -> bytes:
    """Return the first line of the answer to a request."""
    with open_socket(port) as connection:
        lines = ["GET / HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode())
        with connection.makefile("rb") as stream:
            return stream.readline().strip()


def is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        return not connection.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_two_hundred_sockets_with_a_byte_a_second_hold_no_thread(ports: tuple[int, int]) -> None:
    answers = [ask(port) for port in ports]
    with ExitStack() as stack:
        slow = [stack.enter_context(open_socket(port)) for _ in range(SLOW_CLIENTS) for port in ports]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
        begin = time.monotonic()
        while not all(map(is_closed, slow)):
            assert time.monotonic() - begin < HEADER_MILLISECONDS / 1000 + PATIENCE_SECONDS
            for connection in slow:
                with suppress(OSError):
                    connection.send(b"a")
            # Two threads, and more requests than that while the others are sending.
            for port, answer in zip(ports, answers, strict=True):
                assert [ask(port) for _ in range(5)] == [answer] * 5
            time.sleep(1)
        assert time.monotonic() - begin > HEADER_MILLISECONDS / 1000 - 2


def test_headers_have_a_size(ports: tuple[int, int]) -> None:
    for port in ports:
        fits = ask(port, f"X-Long: {'a' * (MAX_HEADER_BYTES - 1024)}")
        assert fits == ask(port)
        assert ask(port, f"X-Long: {'a' * MAX_HEADER_BYTES}").startswith(b"HTTP/1.1 431 ")
