"""Whether a Redis can be used: all that readers and writers do is tried on it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from itertools import count

import pytest

from tests.cache.sockets import INSTANCE, PUSH, Pool, info, sent, store_on
from walletsvc.cache import redis as module

pytestmark = pytest.mark.without_engine

OK = b"+OK\r\n"
NO_SCRIPT = b"-NOSCRIPT No matching script.\r\n"
STAMP_SECONDS, MARK_SECONDS = b"3600", b"5"

Probe = Callable[..., tuple[str | None, bool]]


@pytest.fixture
def probe(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> Probe:
    """Return a function that probes a Redis with these replies. It returns the instance, and whether it is in doubt.

    Its tokens are t1, t2, ...
    """
    store, numbers = store_on(pool), count(1)
    monkeypatch.setattr(module, "new_token", lambda: b"t%d" % next(numbers))

    def probe(*replies: bytes) -> tuple[str | None, bool]:
        pool.next = [list(replies)]
        store.in_doubt = True
        return store.probe(), store.in_doubt

    return probe


VALUES = b"*2\r\n$2\r\nt4\r\n$2\r\nt4\r\n"
REPLIES = [info(), OK, b"$-1\r\n", OK, VALUES, OK + OK]


def test_a_probe_does_what_readers_and_writers_do(pool: Pool, probe: Probe) -> None:
    found, in_doubt = probe(*REPLIES)
    assert found == INSTANCE
    assert in_doubt is False
    mark, settled, response, values, *ends = sent(pool.made[0])
    stamp_name, response_name = b"walletsvc:probe:t1:stamp", b"walletsvc:probe:t2:response"
    assert mark == [b"SET", stamp_name, b"!t3", b"EX", MARK_SECONDS]
    assert settled[:1] + settled[2:] == [b"EVALSHA", b"1", stamp_name, b"!t3", STAMP_SECONDS, b"t4", b"", b"", b""]
    assert response == [b"SET", response_name, b"t4", b"EX", MARK_SECONDS]
    assert values == [b"MGET", stamp_name, response_name]
    assert ends == [[b"SET", name, b"t4", b"EX", b"1"] for name in (stamp_name, response_name)]
    assert pool.made[0].calls == ["disconnect", "connect", "disconnect"]


def test_a_probe_sends_a_script_that_redis_does_not_know(pool: Pool, probe: Probe) -> None:
    assert probe(*REPLIES[:2], NO_SCRIPT, *REPLIES[2:]) == (INSTANCE, False)
    by_name, by_text = sent(pool.made[0])[1:3]
    assert by_name == [b"EVALSHA", sha1(by_text[1], usedforsecurity=False).hexdigest().encode(), *by_text[2:]]
    assert by_text[0] == b"EVAL"


@pytest.mark.parametrize("number", range(6))
def test_a_redis_that_refuses_anything_is_not_usable(probe: Probe, number: int) -> None:
    refusal = b"-NOPERM no permission\r\n"
    # Of several replies to a packet, the last.
    replies = [*REPLIES[:number], REPLIES[number].removesuffix(OK) + refusal, *REPLIES[number + 1 :]]
    found, in_doubt = probe(*replies)
    assert found is None
    assert in_doubt is True


@pytest.mark.parametrize("values", [b"*2\r\n$2\r\nt4\r\n$-1\r\n", b"*2\r\n$3\r\n!t3\r\n$2\r\nt4\r\n"])
def test_a_redis_that_does_not_keep_a_value_is_not_usable(probe: Probe, values: bytes) -> None:
    assert probe(*REPLIES[:4], values, *REPLIES[5:]) == (None, True)


@pytest.mark.parametrize("number", [1, 5])
def test_a_redis_whose_data_are_replaced_meanwhile_is_not_usable(probe: Probe, number: int) -> None:
    replies = [*REPLIES[:number], PUSH + REPLIES[number], *REPLIES[number + 1 :]]
    assert probe(*replies) == (None, False)


def test_a_replica_that_lets_us_write_is_not_usable(probe: Probe) -> None:
    assert probe(info(role="slave"), *REPLIES[1:]) == (None, False)
