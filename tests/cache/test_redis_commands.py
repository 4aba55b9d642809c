"""The commands that Redis gets from the store, and what the store makes of its replies and failures."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from hashlib import sha1

import pytest

from tests.cache.sockets import INSTANCE, PUSH, Pool, info, sent, store_on
from walletsvc.cache import redis as module
from walletsvc.cache.memory import LocalCopies
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.store import Unreachable

pytestmark = pytest.mark.without_engine

OK = b"+OK\r\n"
NO_SCRIPT = b"-NOSCRIPT No matching script.\r\n"
OUT_OF_MEMORY = b"-OOM command not allowed\r\n"
NOTHING = b"*1\r\n$-1\r\n"
STAMP_SECONDS, MARK_SECONDS = b"3600", b"5"


class Clock:
    """A clock that counts how often it is asked."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def store(pool: Pool, clock: Clock) -> RedisStore:
    return store_on(pool)


def test_a_store_keeps_copies_and_has_no_reason_to_doubt(pool: Pool) -> None:
    copies = LocalCopies()
    assert store_on(pool, copies=copies).copies is copies
    store = store_on(pool)
    assert isinstance(store.copies, LocalCopies)
    assert store.in_doubt is False
    assert store._client.connection_pool is pool


# -- commands -----------------------------------------------------------------------------------------------------


def test_values_and_how_long_the_first_lives(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), b":2500\r\n*2\r\n$1\r\n1\r\n$-1\r\n"]]
    assert store.fetch(["a", "b"], INSTANCE) == ([b"1", None], 2.5)
    assert sent(pool.made[0]) == [[b"PTTL", b"a"], [b"MGET", b"a", b"b"]]


@pytest.mark.parametrize("milliseconds", [-2, -1, 0])
def test_a_value_without_an_end_has_no_lifetime_that_is_known(
    pool: Pool, store: RedisStore, milliseconds: int
) -> None:
    pool.next = [[info(), b":%d\r\n*1\r\n$-1\r\n" % milliseconds]]
    assert store.fetch(["a"], INSTANCE) == ([None], 0)


def test_values(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), b"*2\r\n$1\r\n1\r\n$-1\r\n"]]
    assert store.get_many(["a", "b"], INSTANCE) == [b"1", None]
    assert sent(pool.made[0]) == [[b"MGET", b"a", b"b"]]


def test_a_value_is_kept_for_a_time(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), OK]]
    store.put("a", b"value", seconds=60, instance=INSTANCE)
    assert sent(pool.made[0]) == [[b"SET", b"a", b"value", b"EX", b"60"]]


def test_only_missing_tokens_are_stored(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), OK + b"$-1\r\n"]]
    store.create_missing({"a": b"1", "b": b"2"}, instance=INSTANCE)
    words = [b"EX", STAMP_SECONDS, b"NX"]
    assert sent(pool.made[0]) == [[b"SET", b"a", b"1", *words], [b"SET", b"b", b"2", *words]]


def test_marks_are_for_a_few_seconds(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), OK + OK]]
    store.mark(iter(["a", "b"]), b"!mark", instance=INSTANCE)
    words = [b"!mark", b"EX", MARK_SECONDS]
    assert sent(pool.made[0]) == [[b"SET", b"a", *words], [b"SET", b"b", *words]]


def settle(store: RedisStore, instance: str = INSTANCE) -> None:
    tokens = {"a": b"1", "b": b"2"}
    where = {"instance": instance, "channel": "changes"}
    store.settle(tokens, mark=b"!mark", announcement=b"7", position=b"0-1-9", **where)


SETTLE = [b"2", b"a", b"b", b"!mark", STAMP_SECONDS, b"1", b"2", b"changes", b"7", b"0-1-9"]


def test_a_script_settles_and_announces(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), NO_SCRIPT, b"$-1\r\n"]]
    settle(store)
    by_name, by_text = sent(pool.made[0])
    script = by_text[1]
    # Redis' name for a script (https://redis.io/docs/latest/commands/evalsha/)
    name = sha1(script, usedforsecurity=False).hexdigest().encode()
    assert by_name == [b"EVALSHA", name, *SETTLE]
    assert by_text == [b"EVAL", script, *SETTLE]
    assert store.in_doubt is False
    # A script that Redis knows is not sent.
    pool.made[0].reply(b"$-1\r\n")
    settle(store)
    assert pool.made[0].received() == [by_name]


def test_a_script_that_has_to_be_sent_goes_to_the_same_redis(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), NO_SCRIPT, PUSH + b"$-1\r\n", info(run_id="other")]]
    with pytest.raises(Unreachable):
        settle(store)


def use_each(store: RedisStore, instance: str) -> Iterator[Callable[[], object]]:
    """Yield all that a store can be asked, of readers first."""
    yield lambda: store.get_many(["a"], instance)
    yield lambda: store.fetch(["a"], instance)
    yield lambda: store.put("a", b"1", seconds=1, instance=instance)
    yield lambda: store.create_missing({"a": b"1"}, instance=instance)
    yield lambda: store.mark(["a"], b"!", instance=instance)
    yield lambda: settle(store, instance)


@pytest.mark.parametrize("number", range(6))
def test_another_redis_is_not_asked(pool: Pool, store: RedisStore, number: int) -> None:
    with pytest.raises(Unreachable):
        list(use_each(store, "other"))[number]()
    assert sent(pool.made[0]) == []
    assert store.in_doubt is True


# -- failures -----------------------------------------------------------------------------------------------------


def fail(pool: Pool, store: RedisStore) -> None:
    """Let Redis refuse a command."""
    pool.next = [[info(), OUT_OF_MEMORY]]
    with pytest.raises(Unreachable):
        store.get_many(["a"], INSTANCE)


@pytest.mark.parametrize("number", range(4))
def test_readers_leave_it_alone_for_a_while(pool: Pool, store: RedisStore, clock: Clock, number: int) -> None:
    fail(pool, store)
    clock.now += 0.999
    with pytest.raises(Unreachable):
        list(use_each(store, INSTANCE))[number]()
    assert len(pool.made) == 1
    clock.now += 0.001
    pool.next = [[info(), {0: NOTHING, 1: b":0\r\n" + NOTHING}.get(number, OK)]]
    list(use_each(store, INSTANCE))[number]()
    assert len(pool.made) == 2


def test_writers_ask_all_the_same(pool: Pool, store: RedisStore) -> None:
    fail(pool, store)
    pool.next = [[info(), OK, NO_SCRIPT, b"$-1\r\n"]]
    store.mark(["a"], b"!", instance=INSTANCE)
    settle(store)
    assert [words[0] for words in sent(pool.made[1])] == [b"SET", b"EVALSHA", b"EVAL"]
    with pytest.raises(Unreachable):
        store.get_many(["a"], INSTANCE)


def test_a_writer_is_told_that_nothing_was_settled(pool: Pool, store: RedisStore) -> None:
    pool.next = [[info(), OUT_OF_MEMORY]]
    with pytest.raises(Unreachable):
        settle(store)
    assert store.in_doubt is True


@pytest.mark.parametrize("number", [0, 2])
def test_a_failure_is_told_in_the_words_of_redis(
    pool: Pool, store: RedisStore, number: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    pool.next = [[info(), OUT_OF_MEMORY]]
    with pytest.raises(Unreachable):
        list(use_each(store, INSTANCE))[number]()
    [message] = caplog.messages
    assert message.endswith(": OOM command not allowed")


def test_a_redis_that_works_is_asked_without_a_look_at_the_clock(pool: Pool, store: RedisStore, clock: Clock) -> None:
    pool.next = [[info(), NOTHING, OK]]
    store.get_many(["a"], INSTANCE)
    store.put("a", b"1", seconds=1, instance=INSTANCE)
    assert clock.looks == 0
    pool.made[0].reply(OUT_OF_MEMORY)
    with pytest.raises(Unreachable):
        store.get_many(["a"], INSTANCE)
    clock.now += 1
    pool.next = [[info(), NOTHING, NOTHING]]
    store.get_many(["a"], INSTANCE)
    looks = clock.looks
    store.get_many(["a"], INSTANCE)
    assert clock.looks == looks


def test_a_pause_of_no_seconds_is_none(pool: Pool, clock: Clock) -> None:
    store = store_on(pool, pause_seconds=0)
    fail(pool, store)
    looks = clock.looks
    pool.next = [[info(), NOTHING]]
    store.get_many(["a"], INSTANCE)
    assert clock.looks == looks
