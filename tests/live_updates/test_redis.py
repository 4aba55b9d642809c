"""A Redis that goes away and comes back under a subscription."""

from __future__ import annotations

from pathlib import Path

from tests.live_updates.clients import ENTRIES, open_socket
from tests.live_updates.conftest import run_both
from tests.servers import RedisServer


def test_nothing_is_missed_without_redis_nor_when_it_is_back(memory_folder: Path, django_db_setup: None) -> None:
    with RedisServer() as redis, run_both(memory_folder, redis.url) as both:
        wallet = both.open_wallet("0")
        with open_socket(both.url) as socket:
            socket.subscribe(ENTRIES, wallet=wallet, after=0)
            both.post(wallet)
            assert socket.next()["sequence"] == 1
            redis.stop()
            both.post(wallet)
            assert socket.next()["sequence"] == 2
            redis.start()
            both.post(wallet)
            assert socket.next()["sequence"] == 3
