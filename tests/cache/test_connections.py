"""Commands that bypass the client: whatever happens to a connection, no reply is taken for another command's."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import redis

from tests.cache.proxy import Proxy
from tests.cache.stores import Cache, connect
from tests.leases import SharedRow
from tests.servers import RedisServer
from walletsvc.cache import wire
from walletsvc.cache.connections import Connections
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.responses import EVERYTHING, Lookup, keep, look_up

LARGE = b"x" * 60_000
LONG_SECONDS = 30


@pytest.fixture
def client(shared_redis: RedisServer) -> Iterator[redis.Redis]:
    shared_redis.flush()
    client = connect(shared_redis)
    yield client
    client.connection_pool.disconnect()


@pytest.fixture
def connections(client: redis.Redis) -> Connections:
    return Connections(client.connection_pool)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[redis.Redis], RedisStore]:
    """Return a function that lets the cache use the Redis behind a client."""

    def use(client: redis.Redis) -> RedisStore:
        store = RedisStore(client, pause_seconds=0)
        cache = Cache(store, SharedRow())
        # A lease does not end, however long a busy machine takes.
        cache.keeper.clock = stand_still
        cache.use(monkeypatch)
        return store

    return use


@pytest.fixture
def proxy(shared_redis: RedisServer) -> Iterator[Proxy]:
    shared_redis.flush()
    proxy = Proxy(shared_redis.host, shared_redis.port)
    yield proxy
    proxy.close()


def stand_still() -> float:
    return 1000.0


def ask() -> Lookup:
    return look_up("key", stamps=[EVERYTHING])


def id_of(connections: Connections) -> int:
    [number] = connections.ask(("CLIENT", "ID"))
    assert isinstance(number, int)
    return number


def test_several_commands_have_their_replies_in_order(connections: Connections) -> None:
    replies = connections.ask(("SET", "a", b"1"), ("GET", "a"), ("MGET", "b", "a"), ("PTTL", "b"))
    assert replies == [b"OK", b"1", [None, b"1"], -2]


def test_an_error_leaves_no_reply_unread(connections: Connections) -> None:
    before = id_of(connections)
    with pytest.raises(redis.ResponseError, match="not an integer"):
        connections.ask(("SET", "a", "text"), ("INCR", "a"), ("GET", "a"))
    assert connections.ask(("GET", "b")) == [None]
    assert id_of(connections) == before


@pytest.mark.parametrize("silent", [True, False], ids=["silence", "end"])
@pytest.mark.parametrize("after_bytes", [0, 1, 30, 1000])
def test_the_rest_of_a_reply_that_broke_off_is_never_read(
    proxy: Proxy, use: Callable[[redis.Redis], RedisStore], silent: bool, after_bytes: int
) -> None:
    # Replies pass through threads of this process, so they may take long on a busy machine: only silence is timed.
    client = redis.Redis.from_url(proxy.url, socket_timeout=LONG_SECONDS, retry=None, protocol=3)
    store = use(client)
    keep(ask(), LARGE)
    store.copies.clear()
    assert ask().response == LARGE
    store.copies.clear()
    before = proxy.connections
    proxy.break_off(after_bytes=after_bytes, silent=silent)
    if silent:
        [line] = store._connections._ready
        wire._let_the_kernel_time(line._socket, 0.1)
    assert (ask().response, store.in_doubt) == (None, True)
    assert proxy.is_broken.wait(LONG_SECONDS)
    # It is the Redis that it was, and nothing has been written.
    assert (ask().response, store.probe() is None, store.in_doubt) == (LARGE, False, False)
    keep(ask(), b"new")
    store.copies.clear()
    assert (ask().response, store.in_doubt) == (b"new", False)
    assert proxy.connections > before
    client.connection_pool.disconnect()


def test_a_connection_that_was_closed_at_rest_is_replaced_without_a_failure(
    client: redis.Redis,
    use: Callable[[redis.Redis], RedisStore],
    shared_redis: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "REST_SECONDS", 0)
    store = use(client)
    keep(ask(), b"answer")
    other = connect(shared_redis)
    for _ in range(3):
        other.client_kill_filter(_type="normal", skipme=True)
        assert ask().response == b"answer"
    other.client_kill_filter(_type="normal", skipme=True)
    writer = Invalidation()
    writer.mark([1])
    other.client_kill_filter(_type="normal", skipme=True)
    writer.settle()
    assert (ask().response, store.in_doubt) == (None, False)
    other.connection_pool.disconnect()


def test_an_interrupted_command_costs_its_connection(
    connections: Connections, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = id_of(connections)

    def interrupt(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # Redis has the command by then.
        patch.setattr(connections._ready[-1], "_reader", SimpleNamespace(feed=interrupt, gets=interrupt))
        with pytest.raises(KeyboardInterrupt):
            connections.ask(("SET", "a", b"late"))
    assert connections.ask(("GET", "b")) == [None]
    assert id_of(connections) != before


def test_threads_that_end_leave_no_connections_behind(connections: Connections, client: redis.Redis) -> None:
    for _ in range(20):
        thread = threading.Thread(target=connections.ask, args=(("PING",),))
        thread.start()
        thread.join()
    assert client.connection_pool._created_connections == 1


def test_threads_at_once_do_not_share_a_connection(connections: Connections, client: redis.Redis) -> None:
    wrong: list[object] = []

    def work(name: str) -> None:
        for number in range(100):
            replies = connections.ask(("SET", name, number), ("GET", name))
            if replies != [b"OK", b"%d" % number]:
                wrong.append(replies)

    threads = [threading.Thread(target=work, args=(f"k{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert client.connection_pool._created_connections <= 6


def test_connections_go_back_to_the_pool_with_their_owner(client: redis.Redis) -> None:
    pool = client.connection_pool
    for _ in range(200):  # more than the pool has
        connections = Connections(pool)
        connections.ask(("PING",))
        del connections
        gc.collect(0)
    assert (pool._created_connections, len(pool._in_use_connections)) == (1, 0)


def test_a_forked_process_leaves_its_parents_connections_alone(connections: Connections) -> None:
    before = id_of(connections)
    connections.ask(("SET", "of parent", before))
    child = os.fork()
    if not child:
        fine = False
        try:
            fine = id_of(connections) != before and id_of(connections) == id_of(connections)
            del connections
            gc.collect()
        finally:
            os._exit(0 if fine else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert connections.ask(("GET", "of parent")) == [str(before).encode()]
    assert id_of(connections) == before
