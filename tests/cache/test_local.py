"""Local copies: the bytes are in this process, and only the stamps in Redis decide whether they are valid."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cache.conftest import HAS_REDIS
from tests.cache.stores import Cache, connect, write
from tests.cache.test_interleavings import COMMITTED, READ, STAMPS_ARE_EVICTED, Actor, World
from tests.leases import SharedRow
from tests.servers import RedisServer
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.memory import LocalCopies, LocalCopy
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.responses import EVERYTHING, Lookup, keep, look_up, make_key, remember
from walletsvc.cache.store import Store
from walletsvc.etags import make_etag

KEY = make_key("rest", "*", "/api/wallets/1")
REDIS = pytest.mark.skipif(not HAS_REDIS, reason="there is no redis-server")


def ask() -> Lookup:
    return look_up(KEY, stamps=[EVERYTHING])


def copy(size: int, stamps: bytes = b"") -> LocalCopy:
    return LocalCopy(stamps, "", b"x" * size)


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def processes(
    shared_redis: RedisServer, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], RedisStore]]:
    """Return a function that lets the cache be that of one of two processes."""
    shared_redis.flush()
    clients = [connect(shared_redis) for _ in range(2)]
    stores = [RedisStore(each, pause_seconds=0, copies=LocalCopies(clock=lambda: now[0])) for each in clients]
    row = SharedRow()
    caches = [Cache(each, row) for each in stores]

    def be(number: int) -> RedisStore:
        caches[number].use(monkeypatch)
        return stores[number]

    yield be
    for client in clients:
        client.connection_pool.disconnect()


def must_not_fetch(*_arguments: object) -> Any:
    raise AssertionError("the response is at hand")


# -- the cost of a look-up ---------------------------------------------------------------------------------


@REDIS
def test_redis_is_asked_only_for_stamps_if_there_is_a_copy(
    processes: Callable[[int], RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    processes(0)
    keep(ask(), b"answer")
    other = processes(1)
    assert ask().response == b"answer"  # from Redis
    for store in (processes(0), other):
        monkeypatch.setattr(store, "fetch", must_not_fetch)
    assert [(processes(number), ask().response)[1] for number in (0, 1)] == [b"answer"] * 2


def test_a_response_is_hashed_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"data": []}\n'
    assert keep(ask(), body) == make_etag(body)
    monkeypatch.setattr(responses, "make_etag", must_not_fetch)
    for _ in range(2):
        found = ask()
        assert (found.response, found.etag) == (body, make_etag(body))
        copies = store.copies
        if copies is not None:
            copies.clear()
    remembered = remember(KEY, stamps=[EVERYTHING], build=must_not_fetch)
    assert (remembered.body, remembered.etag) == (body, make_etag(body))


def test_a_response_has_its_tag_even_if_it_cannot_be_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "lifetime_seconds", lambda: 0)
    remembered = remember(KEY, stamps=[EVERYTHING], build=lambda: b"answer")
    assert (remembered.body, remembered.etag) == (b"answer", make_etag(b"answer"))
    assert ask().etag is None


def test_an_entry_of_another_form_is_no_hit(store: Store) -> None:
    stamps = ask().stamps or b""
    for entry in (stamps + b"\n{}", stamps, b"", b"\n\n", stamps[:-1] + b"\n\n\n"):
        store.put(responses.keeper().state.prefix + KEY, entry, seconds=60)
        assert (ask().response, ask().stamps) == (None, stamps)


# -- when it is good ---------------------------------------------------------------------------------------


@REDIS
def test_a_write_in_one_process_ends_the_copies_of_all(processes: Callable[[int], RedisStore]) -> None:
    processes(0)
    keep(ask(), b"old")
    processes(1)
    assert ask().response == b"old"
    write(1)
    assert ask().response is None
    keep(ask(), b"new")
    processes(0)
    assert ask().response == b"new"


@REDIS
def test_a_mark_also_invalidates_copies(processes: Callable[[int], RedisStore]) -> None:
    processes(0)
    keep(ask(), b"old")
    processes(1)
    writer = Invalidation()
    writer.mark([1])
    processes(0)
    assert (ask().response, ask().stamps) == (None, None)
    writer.settle()
    assert ask().response is None


@REDIS
def test_nothing_is_served_while_redis_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with RedisServer() as server:
        Cache(RedisStore(connect(server), pause_seconds=0), SharedRow()).use(monkeypatch)
        keep(ask(), b"answer")
        assert ask().is_hit
        server.kill()
        assert (ask().response, ask().stamps) == (None, None)
        server.start()
        assert [ask().response for _ in range(3)] == [None] * 3  # it is empty, and its stamps are others


@REDIS
def test_a_copy_is_no_older_than_cache_seconds(
    processes: Callable[[int], RedisStore], now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "lifetime_seconds", lambda: 7)
    store = processes(0)
    keep(ask(), b"answer")
    store._client.delete(responses.keeper().state.prefix + KEY)
    now[0] = 6.9
    assert ask().is_hit
    now[0] = 7.0
    assert not ask().is_hit


@REDIS
def test_a_copy_expires_with_its_response_in_redis(processes: Callable[[int], RedisStore], now: list[float]) -> None:
    processes(0)
    keep(ask(), b"answer")
    store = processes(1)
    name = responses.keeper().current().prefix + KEY
    store._client.pexpire(name, 5000)
    assert ask().is_hit
    store._client.delete(name)
    now[0] = 4.5
    assert ask().is_hit
    now[0] = 5.0
    assert not ask().is_hit


@REDIS
@settings(max_examples=60)
@given(
    actors=st.lists(st.sampled_from([READ, READ, COMMITTED, STAMPS_ARE_EVICTED]), min_size=3, max_size=6),
    data=st.data(),
)
def test_any_crowd_in_two_processes_on_a_real_redis(
    shared_redis: RedisServer, actors: list[Actor], data: st.DataObject
) -> None:
    actors = [*actors, READ, READ]
    turns = data.draw(st.permutations([number for number, actor in enumerate(actors[:-2]) for _ in actor]))
    shared_redis.flush()
    clients = [connect(shared_redis) for _ in range(2)]
    world = World(actors, processes=0)
    row = SharedRow()
    world.caches = [Cache(RedisStore(client), row) for client in clients]
    world.shared = world.caches[0].store
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responses, "store", lambda: world.on_stage.store)
        patch.setattr(responses, "keeper", lambda: world.on_stage.keeper)
        for actor in [*turns, *(number for number in (len(actors) - 2, len(actors) - 1) for _ in READ)]:
            world.take(actor)
    for client in clients:
        client.connection_pool.disconnect()


# -- threads ---------------------------------------------------------------------------------------------


def test_threads_find_copies_while_others_push_them_out() -> None:
    copies = LocalCopies(max_entries=8)
    keys = [str(number) for number in range(12)]
    stop = threading.Event()

    def find() -> int:
        found = 0
        while not stop.is_set():
            for key in keys:
                copy_found = copies.get(key)
                assert copy_found is None or copy_found.stamps == key.encode()
                found += copy_found is not None
        return found

    def push_out() -> None:
        for round_number in range(3000):
            key = keys[round_number % len(keys)]
            copies.put(key, copy(1, key.encode()), until=copies.now() + 60)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(6) as threads:
            finding = [threads.submit(find) for _ in range(4)]
            pushing = [threads.submit(push_out) for _ in range(2)]
            wait(pushing)
            stop.set()
            assert [each.exception() for each in pushing] == [None, None]
            assert all(each.result() > 0 for each in finding)
    finally:
        sys.setswitchinterval(interval)
    assert len(copies._entries) == 8
    kept = [len(key) + len(each) for key, (each, _) in copies._entries.items()]
    assert copies._bytes == sum(kept) + 8 * 400
