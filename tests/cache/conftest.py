"""Both stores, and a Redis that can be stopped, paused and started again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cache.sockets import Pool
from tests.cache.stores import Cache, connect
from tests.cache.strict import World
from tests.leases import SharedRow
from tests.servers import RedisServer, find_binary
from walletsvc.cache.memory import MemoryStore
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.store import Store

HAS_REDIS = find_binary(*RedisServer.binaries) is not None
collect_ignore = [] if HAS_REDIS else ["test_redis.py", "test_connections.py"]


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """Return a running server that tests leave running."""
    with RedisServer() as server:
        yield server


@pytest.fixture(params=["memory", "redis"] if HAS_REDIS else ["memory"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Let the cache use a new store of each kind."""
    if request.param == "memory":
        chosen: Store = MemoryStore()
        Cache(chosen, SharedRow()).use(monkeypatch)
        yield chosen
        return
    server: RedisServer = request.getfixturevalue("shared_redis")
    server.flush()
    client = connect(server)
    chosen = RedisStore(client, pause_seconds=0)
    Cache(chosen, SharedRow()).use(monkeypatch)
    yield chosen
    client.connection_pool.disconnect()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Let the cache be that of a process with a strict store."""
    world = World()
    Cache(world.store, world.row, world.keeper).use(monkeypatch)
    return world


@pytest.fixture
def pool() -> Iterator[Pool]:
    """Return a pool whose connections lead to the test, which closes them."""
    pool = Pool()
    yield pool
    pool.close()
