"""A Redis that goes away and comes back under a subscription."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.databases import MakeDatabase
from tests.live_updates.clients import ENTRIES, open_socket
from tests.live_updates.conftest import run_both
from tests.servers import RedisServer


@pytest.mark.parametrize("address", ["url", "socket_url"], ids=["TCP", "Unix socket"])
def test_nothing_is_missed_without_redis_nor_when_it_is_back(
    address: str, ready_database: MakeDatabase, django_db_setup: None
) -> None:
    with RedisServer() as redis, run_both(ready_database, getattr(redis, address)) as both:
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


def test_redis_is_listened_to_only_while_something_is_watched(
    ready_database: MakeDatabase, django_db_setup: None
) -> None:
    with RedisServer() as redis, Redis.from_url(redis.url) as client, run_both(ready_database, redis.url) as both:

        def listeners() -> int:
            return len(client.pubsub_channels("walletsvc:*:changes"))

        wallet = both.open_wallet("0")
        assert listeners() == 0
        for sequence in (1, 2):
            with open_socket(both.url) as socket:
                socket.subscribe(ENTRIES, wallet=wallet, after=sequence - 1)
                both.post(wallet)
                assert socket.next()["sequence"] == sequence
                both.wait_until(lambda: listeners() == 1)
            both.wait_until(lambda: both.health()["subscriptions"] == 0)
            # The next announcement is the one that is not needed.
            both.open_wallet()
            both.wait_until(lambda: listeners() == 0)
