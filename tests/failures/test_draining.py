"""A server ends under load: nobody is left without an answer, and no subscriber misses anything."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.chaos.clients import open_wallet
from tests.failures.callers import calling, get, post, txids
from tests.live import LiveServer
from tests.live_updates.clients import ENTRIES, open_socket
from tests.servers import free_port

DRAIN_SECONDS = 6
PATIENCE_SECONDS = 60
DOCUMENT = (
    "subscription ($wallet: ID!, $after: Int) { transactions(walletId: $wallet, after: $after) { sequence txid } }"
)


class Subscriber(threading.Thread):
    """Follows a wallet until the server closes the socket."""

    def __init__(self, url: str, wallet: str, after: int) -> None:
        super().__init__(daemon=True)
        self.url, self.wallet, self.after = url, wallet, after
        self.seen: list[tuple[int, str]] = []
        self.code: int | None = None
        self.followed = threading.Event()
        """Set with the first entry: the live server begins to listen some time after the web server."""

    def run(self) -> None:
        wait_until_open(self.url)
        try:
            with open_socket(self.url) as feed:
                feed.subscribe(ENTRIES, wallet=self.wallet, after=self.after)
                while True:
                    entry = feed.next()
                    self.seen.append((entry["sequence"], entry["txid"]))
                    self.followed.set()
        except ConnectionClosed as closed:
            self.code = closed.rcvd.code if closed.rcvd else None


def wait_until_open(url: str) -> None:
    """Wait for the live server, which begins to listen some time after the web server."""
    address = urlsplit(url)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            socket.create_connection((address.hostname, address.port)).close()
            return
        time.sleep(0.05)


@pytest.fixture
def live(start_live: Callable[..., LiveServer]) -> LiveServer:
    return start_live(LIVE_PORT=str(free_port()), DRAIN_SECONDS=str(DRAIN_SECONDS))


def test_a_server_that_is_told_to_end_answers_everybody_first(live: LiveServer) -> None:
    wallet = open_wallet(live.url, "Wallet")
    before = Subscriber(live.live_url.removesuffix("/graphql/"), wallet, 0)
    before.start()
    ending = threading.Thread(target=live.stop)
    with calling(live.url) as callers:
        callers.start("ready", lambda _name: get("/readyz"), pause_seconds=0.1)
        callers.start("read", lambda _name: get(f"/api/wallets/{wallet}/"), clients=4)
        callers.start("post", lambda each: post(wallet, each), clients=4)
        callers.wait_for("post", lambda told: told.status == 201)
        assert before.followed.wait(PATIENCE_SECONDS)
        began = time.monotonic()
        ending.start()
        # As a load balancer does.
        noticed = callers.wait_for("ready", lambda told: told.status == 503)
        assert httpx.get(f"{live.live_url.removesuffix('/graphql/')}/readyz").status_code == 503
        callers.wait_for("post", lambda told: told.at > noticed.until and told.status == 201)
    ending.join(PATIENCE_SECONDS)
    assert not ending.is_alive()
    assert noticed.until - began < DRAIN_SECONDS
    assert {each.status for each in callers.told() if each.name[:5] != "ready"} == {200, 201}
    before.join(PATIENCE_SECONDS)
    assert before.code == 1001

    live.start()
    stored = {each.name for each in callers.told("post") if each.status == 201}
    assert txids(live.url) == stored
    last, _ = before.seen[-1]
    after = Subscriber(live.live_url.removesuffix("/graphql/"), wallet, last)
    after.start()
    with calling(live.url) as callers:
        callers.start("more", lambda each: post(wallet, each))
        more = callers.wait_for("more", lambda told: told.status == 201)
    stored |= {each.name for each in callers.told("more") if each.status == 201}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(before.seen) + len(after.seen) < len(stored) and time.monotonic() < deadline:
        time.sleep(0.05)
    seen = before.seen + after.seen
    assert [sequence for sequence, _ in seen] == list(range(1, len(stored) + 1))
    assert {txid for _, txid in seen} == stored
    assert more.name in stored
