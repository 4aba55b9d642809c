"""Clients that ask for long answers and never read them keep nobody else waiting."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.failures.extent import IS_IN_FULL
from tests.servers import free_ports
from tests.serving.command import HOST, PATIENCE_SECONDS, answers, serving, wait_until
from walletsvc.server.unread import UNREAD_SECONDS

# The playground has to be built.
pytestmark = pytest.mark.clients

THREADS = 4
LONG = "/static/graphql_api/playground.js"
"""Longer than what server and system keep for a connection."""


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (port,) = free_ports(1)
    with serving(tmp_path, PORT=str(port), LIVE_PORT="0", WEB_THREADS=str(THREADS)):
        wait_until(lambda: answers(port))
        yield port


def ask_without_reading(port: int) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE_SECONDS)
    connection.connect((HOST, port))
    connection.sendall(f"GET {LONG} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def status_of(connection: socket.socket) -> int:
    return int(connection.recv(12, socket.MSG_PEEK).split()[1])


def test_nobody_waits_for_those_who_never_read(port: int) -> None:
    with ExitStack() as stack:
        silent = [stack.enter_context(ask_without_reading(port)) for _ in range(4 * THREADS)]
        found = [status_of(each) for each in silent]
        assert sorted(found) == [200] * (THREADS // 2) + [503] * (len(found) - THREADS // 2)
        # All of these while nobody reads.
        for _ in range(3 * THREADS):
            assert answers(port)
        if not IS_IN_FULL:
            return
        begin = time.monotonic()
        while True:
            with ask_without_reading(port) as another:
                if status_of(another) == 200:
                    break
            assert time.monotonic() - begin < UNREAD_SECONDS + PATIENCE_SECONDS
            time.sleep(1)
