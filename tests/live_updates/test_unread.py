"""Subscribers that never read: what they cost, and when they are left."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

from graphql_api.live.hub import UNREAD_BYTES
from tests.failures.extent import IS_IN_FULL
from tests.live_updates.clients import TIMEOUT_SECONDS, open_events
from tests.live_updates.conftest import LiveUpdates
from walletsvc.server.unread import UNREAD_SECONDS

TEXTS = 20
_TEXTS = " ".join(f"text{place}: description" for place in range(TEXTS))
ENTRIES = (
    "subscription ($wallet: ID!) { transactions(walletId: $wallet, afterSequence: 0)"
    f" {{ sequence transaction {{ {_TEXTS} }} }} }}"
)
DESCRIPTION = "x" * 1000
POSTS = 60
ATTEMPTS = 3


def subscribe(live_updates: LiveUpdates, wallet: str) -> socket.socket:
    """Return the connection of a subscriber with little room for what it is sent."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(TIMEOUT_SECONDS)
    address = urlsplit(live_updates.url)
    connection.connect((address.hostname, address.port))
    body = json.dumps({"query": ENTRIES, "variables": {"wallet": wallet}})
    head = "POST /graphql/ HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json"
    connection.sendall(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    assert connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
    return connection


def kept_for(client: socket.socket) -> int | None:
    """Return how many bytes the server's kernel keeps for a client, None without a connection: proc(5), net/tcp."""
    wanted = [_in_hex(address) for address in (client.getpeername(), client.getsockname())]
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, _, queues, *_ = line.split()
        if [local, remote] == wanted:
            return int(queues.partition(":")[0], 16)
    return None


def _in_hex(address: tuple[str, int]) -> str:
    return f"{int.from_bytes(socket.inet_aton(address[0]), 'little'):08X}:{address[1]:04X}"


def test_the_kernel_keeps_little_for_who_never_reads_and_leaves_it(live_updates: LiveUpdates) -> None:
    wallet = live_updates.open_wallet("0")
    for _ in range(POSTS):
        live_updates.post(wallet, description=DESCRIPTION)
    # Limits are set soon after the port opens: a connection that comes in before has none.
    found = []
    for _ in range(ATTEMPTS):
        with subscribe(live_updates, wallet) as silent:
            found.append(settled(live_updates, wallet, silent))
            if found[-1] < 3 * UNREAD_BYTES:
                if IS_IN_FULL:
                    wait_until_left(silent)
                break
    assert UNREAD_BYTES / 4 < found[-1] < 3 * UNREAD_BYTES < POSTS * TEXTS * len(DESCRIPTION), found


def settled(live_updates: LiveUpdates, wallet: str, silent: socket.socket) -> int:
    """Return what is kept for a client that reads nothing, once a neighbour has got all."""
    with open_events(live_updates.url, {"query": ENTRIES, "variables": {"wallet": wallet}}) as reader:
        for _ in range(POSTS):
            # The neighbour loses nothing.
            reader.next()
    live_updates.wait_until(lambda: (kept_for(silent) or 0) > UNREAD_BYTES / 4)
    kept = kept_for(silent)
    assert kept is not None
    return kept


def wait_until_left(client: socket.socket) -> None:
    deadline = time.monotonic() + UNREAD_SECONDS + TIMEOUT_SECONDS
    while kept_for(client) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.5)
