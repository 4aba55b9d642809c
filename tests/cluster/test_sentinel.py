"""Redis fails over by Sentinel, as planned and by a crash: no stale read, and the cache is used again afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import pytest
from redis import Redis, RedisError

from tests.cluster.conftest import Perform, Stage, wait_for
from tests.servers import GaleraCluster, RedisSentinel, RedisServer


@dataclass
class Watched:
    """A primary, a replica, and their Sentinel."""

    primary: RedisServer
    replica: RedisServer
    sentinel: RedisSentinel

    def role(self, server: RedisServer) -> str:
        """Return the server's role; empty while Sentinel ends the connections to one that it promotes."""
        with Redis.from_url(server.url) as client, suppress(RedisError):
            return str(client.info("replication")["role"])
        return ""

    def hits(self, server: RedisServer) -> int:
        with Redis.from_url(server.url) as client:
            return int(client.info("stats")["keyspace_hits"])


@pytest.fixture
def watched() -> Iterator[Watched]:
    with ExitStack() as stack:
        primary = stack.enter_context(RedisServer())
        replica = stack.enter_context(RedisServer(primary=primary))
        sentinel = stack.enter_context(RedisSentinel(primary))
        with Redis.from_url(f"redis://{sentinel.host}:{sentinel.port}") as client:
            wait_for(lambda: len(client.execute_command("SENTINEL", "REPLICAS", "wallets")) == 1, seconds=30)
        yield Watched(primary, replica, sentinel)


@pytest.mark.parametrize("is_planned", [True, False], ids=["planned", "crash"])
def test_redis_fails_over(make_stage: Perform, cluster: GaleraCluster, watched: Watched, *, is_planned: bool) -> None:
    stage: Stage = make_stage(cluster.nodes, cluster.nodes, redis_url=watched.sentinel.url)
    with stage.load():
        wait_for(lambda: watched.hits(watched.primary) > 20, seconds=30)
        if is_planned:
            with Redis.from_url(f"redis://{watched.sentinel.host}:{watched.sentinel.port}") as client:
                client.execute_command("SENTINEL", "FAILOVER", "wallets")
        else:
            watched.primary.kill()
        wait_for(lambda: watched.role(watched.replica) == "master", seconds=30)
        before = watched.hits(watched.replica)
        # The old primary of a planned fail-over lives on, as a replica.
        wait_for(lambda: watched.hits(watched.replica) > before + 20, seconds=30)
        time.sleep(2)
