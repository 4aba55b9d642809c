"""A web server with its live server beside it, as `serve` starts them: on a new database, and with an empty cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from redis import Redis

from tests.conftest import forget_cached
from tests.databases import MakeDatabase, url_of
from tests.live import LiveServer
from tests.servers import free_port

PATIENCE_SECONDS = 60


@contextmanager
def serve_with_updates(
    make_database: MakeDatabase, redis_url: str, *, kind: type[LiveServer] = LiveServer, **settings: str
) -> Iterator[LiveServer]:
    """Run both, and yield them once both answer: `live_url` is where subscriptions are served."""
    if redis_url:
        with Redis.from_url(redis_url) as client:
            forget_cached(client)
    settings = {"LIVE_PORT": str(free_port()), "redis_url": redis_url, **settings}
    with make_database() as name, kind(database_url=url_of(name), **settings) as server:
        wait_until_healthy(server)
        yield server


def wait_until_healthy(server: LiveServer) -> None:
    """Wait for the live server, which starts beside the one that `LiveServer` waits for."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_healthy(server.live_url):
        assert time.monotonic() < deadline, f"The live server did not start:\n{server.log[-3000:]}"
        time.sleep(0.05)


def _is_healthy(live_url: str) -> bool:
    try:
        return httpx.get(httpx.URL(live_url).join("/healthz"), timeout=PATIENCE_SECONDS).is_success
    except httpx.TransportError:
        return False
