"""Redis goes away, comes back, comes back with old data, or sleeps: slower, but never wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from tests.cache.stores import connect, forget
from tests.servers import RedisServer
from walletsvc import cache
from walletsvc.cache import EVERYTHING, Invalidation, Lookup, keep, look_up, make_key, wallet_stamp
from walletsvc.cache_stores import PREFIX, RedisStore, Unreachable
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE
from walletsvc.services.transactions import create_transaction
from walletsvc.services.wallets import create_wallet

KEY = make_key("rest", "*", "/api/wallets/1")
STAMPS = [wallet_stamp(1), EVERYTHING]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """Return a server that brings its keys back when it is started again."""
    with RedisServer(persistent=True) as server:
        yield server


@pytest.fixture(params=["url", "socket_url"], ids=["TCP", "Unix socket"])
def use_store(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[[], RedisStore]]:
    """Return a function that lets the cache use a store of its own, as another process would have."""
    clients = []

    def use(*, pause_seconds: float = 0) -> RedisStore:
        clients.append(connect(server, address=request.param))
        store = RedisStore(clients[-1], pause_seconds=pause_seconds)
        monkeypatch.setattr(cache, "store", lambda: store)
        return store

    yield use
    for client in clients:
        client.connection_pool.disconnect()


def ask() -> Lookup:
    return look_up(KEY, stamps=STAMPS)


def ask_until_it_answers() -> Lookup:
    """Return the first answer after failures: a connection that broke is noticed by the request that uses it."""
    answers = (ask() for _ in range(5))
    return next(lookup for lookup in answers if lookup.stamps is not None)


def write() -> None:
    invalidation = Invalidation()
    invalidation.mark([1])
    invalidation.settle()


def test_everything_goes_on_without_redis(
    server: RedisServer, use_store: Callable[[], RedisStore], transactional_db: None
) -> None:
    use_store()
    server.kill()
    lookup = ask()
    assert (lookup.response, lookup.stamps) == (None, None)
    keep(lookup, b"answer")
    wallet = create_wallet(principal=ANYONE, label="A", balance="10")
    create_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="-4")
    assert Wallet.objects.get(id=wallet.id).balance == 6
    assert ask().response is None
    server.start()
    keep(ask_until_it_answers(), b"answer")
    assert ask().response == b"answer"


def test_after_a_failure_redis_is_left_alone_for_a_while(
    server: RedisServer, use_store: Callable[..., RedisStore]
) -> None:
    store = use_store(pause_seconds=3600)
    server.kill()
    assert ask().stamps is None
    server.start()
    with pytest.raises(Unreachable):
        store.get_many(["key"])
    assert ask().stamps is None


def test_an_old_snapshot_does_not_bring_old_responses_back(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    use_store()
    keep(ask(), b"old")
    assert ask().is_hit
    server.kill()
    write()  # its new stamps are lost
    server.start()
    assert ask_until_it_answers().response is None
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_a_process_that_saw_nothing_fail_notices_that_redis_was_restarted(
    server: RedisServer, use_store: Callable[[], RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    bystander = use_store()
    keep(ask(), b"old")
    assert ask().is_hit
    server.kill()
    use_store()
    write()  # by another process, while the bystander has nothing to do with Redis
    monkeypatch.setattr(cache, "store", lambda: bystander)
    server.start()
    assert ask_until_it_answers().response is None


def test_a_process_that_starts_later_does_not_trust_what_was_there_before_a_restart(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    use_store()
    keep(ask(), b"old")
    server.kill()
    server.start()
    use_store()
    assert ask().response is None


def test_a_flush_makes_everything_unreachable(server: RedisServer, use_store: Callable[[], RedisStore]) -> None:
    use_store()
    before = ask()
    keep(before, b"old")
    server.flush()
    keep(before, b"read before the flush")
    assert ask().response is None
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_a_flush_removes_marks_and_a_writer_replaces_what_came_after(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    use_store()
    writer = Invalidation()
    writer.mark([1])
    server.flush()
    reader = ask()
    keep(reader, b"read before the commit")
    writer.settle()
    assert ask().response is None


def test_a_paused_redis_serves_nothing_old_when_it_goes_on(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    store = use_store()
    keep(ask(), b"old")
    assert ask().is_hit
    server.pause()
    write()
    server.resume()
    # Redis may run what it was sent late: a mark then blocks until it expires, and a stamp is as good as another.
    assert [ask().response for _ in range(5)] == [None] * 5
    forget(store, prefix=f"{PREFIX}stamp:")
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_what_a_reader_sent_to_a_paused_redis_is_not_served_after_a_write(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    use_store()
    reader = ask()
    server.pause()
    keep(reader, b"old")  # times out here, and is run by Redis later
    write()
    server.resume()
    assert [ask().response for _ in range(5)] == [None] * 5


def test_a_write_whose_mark_failed_still_changes_the_stamps(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    use_store()
    keep(ask(), b"old")
    writer = Invalidation()
    server.pause()
    writer.mark([1])
    server.resume()
    writer.settle()
    assert ask_until_it_answers().response is None


def test_a_write_changes_the_stamps_although_redis_was_to_be_left_alone(
    server: RedisServer, use_store: Callable[..., RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer that came late must not let other processes serve what is old: they saw nothing fail."""
    bystander = use_store()
    keep(ask(), b"old")
    hurried = use_store(pause_seconds=3600)

    def time_out(*_commands: object) -> None:
        raise redis.TimeoutError("Timeout reading from socket")

    writer = Invalidation()
    with monkeypatch.context() as patch:
        patch.setattr(hurried._connections, "ask", time_out)
        writer.mark([1])
    assert hurried._failures == 1
    writer.settle()
    monkeypatch.setattr(cache, "store", lambda: bystander)
    assert ask().response is None


def test_a_script_that_redis_has_forgotten_is_sent_again(
    server: RedisServer, use_store: Callable[[], RedisStore]
) -> None:
    store = use_store()
    write()
    store._client.script_flush()
    keep(ask(), b"old")
    write()
    assert ask().response is None
