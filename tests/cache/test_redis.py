"""Redis goes away, comes back, comes back with old data, or sleeps: slower, but never wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from tests.cache.stores import Cache, connect, forget_stamps, write
from tests.leases import SharedRow
from tests.servers import RedisServer
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.lease import HOLD_SECONDS, LEASE_SECONDS
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.responses import EVERYTHING, Lookup, keep, look_up, make_key, wallet_stamp
from walletsvc.cache.store import Unreachable

KEY = make_key("rest", "*", "/api/wallets/1")
STAMPS = [wallet_stamp(1), EVERYTHING]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """Return a server that brings its keys back when it is started again."""
    with RedisServer(persistent=True) as server:
        yield server


@pytest.fixture
def now() -> list[float]:
    """Return the time on the clock of all leases."""
    return [1000.0]


@pytest.fixture(params=["url", "socket_url"], ids=["TCP", "Unix socket"])
def use_cache(
    server: RedisServer, now: list[float], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Cache]]:
    """Return a function that continues the test in another process: a new one, or one that it returned before."""
    clients = []
    row = SharedRow()

    def use(one: Cache | None = None, *, pause_seconds: float = 0) -> Cache:
        if one is None:
            clients.append(connect(server, address=request.param))
            one = Cache(RedisStore(clients[-1], pause_seconds=pause_seconds), row)
            one.keeper.clock = lambda: now[0]
        one.use(monkeypatch)
        return one

    yield use
    for client in clients:
        client.connection_pool.disconnect()


def ask() -> Lookup:
    return look_up(KEY, stamps=STAMPS)


def pass_time(now: list[float], seconds: float) -> None:
    """Let the process that the test is in read the row as often as it would."""
    for _ in range(int(seconds / 0.25)):
        now[0] += 0.25
        responses.keeper().step()


def test_a_suspension_ends_by_itself_and_nothing_from_before_it_is_served(
    server: RedisServer, use_cache: Callable[..., Cache], now: list[float]
) -> None:
    use_cache()
    keep(ask(), b"old")
    assert ask().response == b"old"
    server.kill()
    write(1)
    assert (ask().response, ask().stamps) == (None, None)
    pass_time(now, 10)
    assert ask().stamps is None  # there is no Redis
    server.start()
    pass_time(now, 10)
    assert ask().response is None
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_a_suspension_lasts_longer_than_the_lease_of_any_writer_before_it(
    use_cache: Callable[..., Cache], now: list[float]
) -> None:
    one = use_cache()
    ask()
    one.row.suspend()
    pass_time(now, 0.25)
    started = now[0]
    while not ask().stamps:
        pass_time(now, 0.25)
    assert HOLD_SECONDS <= now[0] - started <= HOLD_SECONDS + 0.5
    assert HOLD_SECONDS > LEASE_SECONDS


def test_after_a_failure_redis_is_left_alone_for_a_while(
    server: RedisServer, use_cache: Callable[..., Cache]
) -> None:
    store = use_cache(pause_seconds=3600).store
    ask()
    server.kill()
    assert ask().stamps is None
    server.start()
    with pytest.raises(Unreachable):
        store.get_many(["key"])
    assert ask().stamps is None


def test_a_restarted_redis_is_another_one(
    server: RedisServer, use_cache: Callable[..., Cache], now: list[float]
) -> None:
    """A process that saw no failure finds its connections closed, and does not trust the earlier data."""
    bystander = use_cache()
    keep(ask(), b"old")
    writer = use_cache()
    assert ask().response == b"old"
    server.kill()
    write(1)  # while the bystander has nothing to do with Redis
    server.start()
    use_cache(bystander)
    assert ask().response is None
    pass_time(now, 4)
    assert ask().response is None
    keep(ask(), b"new")
    use_cache(writer)
    pass_time(now, 1)
    assert ask().response == b"new"


def test_a_restart_without_a_write_is_found_out_by_readers(
    server: RedisServer, use_cache: Callable[..., Cache], now: list[float]
) -> None:
    use_cache()
    keep(ask(), b"old")
    generation = responses.keeper().state.agreement
    server.kill()
    server.start()
    assert ask().response is None
    assert ask().stamps is None
    pass_time(now, 4)
    assert responses.keeper().state.agreement != generation
    assert (ask().response, ask().stamps is None) == (None, False)


def test_a_flush_makes_everything_unreachable(server: RedisServer, use_cache: Callable[..., Cache]) -> None:
    store = use_cache().store
    before = ask()
    keep(before, b"old")
    server.flush()
    keep(before, b"read before the flush")
    assert ask().response is None
    keep(ask(), b"new")
    assert (ask().response, store.in_doubt) == (b"new", False)


def test_a_flush_removes_marks_and_a_writer_replaces_later_tokens(
    server: RedisServer, use_cache: Callable[..., Cache]
) -> None:
    use_cache()
    writer = Invalidation()
    assert writer.mark([1])
    server.flush()
    reader = ask()
    keep(reader, b"read before the commit")
    assert writer.settle()
    assert ask().response is None


def test_a_paused_redis_serves_nothing_old_when_it_resumes(
    server: RedisServer, use_cache: Callable[..., Cache], now: list[float]
) -> None:
    use_cache()
    keep(ask(), b"old")
    assert ask().is_hit
    server.pause()
    write(1)
    server.resume()
    assert [ask().response for _ in range(5)] == [None] * 5
    pass_time(now, 4)
    keep(ask(), b"new")
    assert ask().response == b"new"


def test_a_response_stored_in_a_paused_redis_is_not_served_after_a_write(
    server: RedisServer, use_cache: Callable[..., Cache], now: list[float]
) -> None:
    use_cache()
    reader = ask()
    server.pause()
    keep(reader, b"old")  # times out here, and is run by Redis later
    write(1)
    server.resume()
    assert [ask().response for _ in range(5)] == [None] * 5
    pass_time(now, 4)
    assert ask().response is None


def test_a_writer_is_not_sure_of_what_redis_did_not_answer(
    server: RedisServer, use_cache: Callable[..., Cache]
) -> None:
    use_cache()
    first, second = Invalidation(), Invalidation()
    assert first.mark([1])
    server.pause()
    assert not second.mark([1])
    assert not first.settle()
    server.resume()


def test_a_writer_is_not_sure_where_the_cache_was_suspended_meanwhile(
    use_cache: Callable[..., Cache], now: list[float]
) -> None:
    one = use_cache()
    writer = Invalidation()
    assert writer.mark([1])
    one.row.suspend()
    now[0] += 1
    assert not writer.settle()
    pass_time(now, 4)
    assert ask().stamps is not None
    assert not writer.settle()  # its stamps are of a generation that is over


def test_a_writer_asks_although_readers_leave_redis_alone(
    use_cache: Callable[..., Cache], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer that came late must not cost all processes the cache."""
    bystander = use_cache()
    keep(ask(), b"old")
    hurried = use_cache(pause_seconds=3600)
    ask()

    def time_out(*_commands: object, **_named: object) -> None:
        raise redis.TimeoutError("Timeout reading from socket")

    with monkeypatch.context() as patch:
        patch.setattr(hurried.store._connections, "ask", time_out)
        keep(look_up("other", stamps=STAMPS), b"")
    assert hurried.store.in_doubt
    assert ask().stamps is None
    writer = Invalidation()
    assert writer.mark([1])
    assert writer.settle()
    use_cache(bystander)
    assert ask().response is None


def test_a_script_that_redis_has_forgotten_is_sent_again(
    server: RedisServer, use_cache: Callable[..., Cache]
) -> None:
    store = use_cache().store
    write(1)
    store._client.script_flush()
    keep(ask(), b"old")
    write(1)
    assert ask().response is None
    assert not store.in_doubt


def test_readers_agree_on_the_database_behind_the_address(
    server: RedisServer, use_cache: Callable[..., Cache], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that are sent to two databases of one Redis do not use the cache at once."""
    one = use_cache()
    ask()
    client = redis.Redis.from_url(server.url.replace("/0", "/1"), protocol=3)
    Cache(RedisStore(client, pause_seconds=0), one.row).use(monkeypatch)
    assert ask().stamps is None
    assert not Invalidation().mark([1])
    client.connection_pool.disconnect()


def test_stamps_expire_one_by_one(use_cache: Callable[..., Cache]) -> None:
    store = use_cache().store
    keep(ask(), b"old")
    forget_stamps(store, EVERYTHING)
    assert ask().response is None
