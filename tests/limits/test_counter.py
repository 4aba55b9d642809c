"""Processes that share a real Redis are given one limit together, and go on without it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
import redis

from tests.access.clocks import Clock
from tests.limits.shared import PER_MINUTE, TOLERATED
from tests.limits.windows import fullest
from tests.live import ROOT
from tests.servers import RedisServer, find_binary
from walletsvc.access.counters import SharedCounter
from walletsvc.access.leases import Leases
from walletsvc.access.rates import parse_rate
from walletsvc.redis_url import cache_of

pytestmark = [
    pytest.mark.without_engine,
    pytest.mark.skipif(not find_binary("redis-server", "valkey-server"), reason="a Redis of its own"),
]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with RedisServer() as server:
        yield server


def ask_in_processes(url: str, rate: str, processes: int = 4) -> list[tuple[float, int]]:
    """Let that many processes ask for as much as they get, and return what it was."""
    begin = time.monotonic() + 8
    command = [sys.executable, "-m", "tests.limits.hammer", url, rate, str(begin), str(processes)]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(processes)]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert all(process.returncode == 0 for process in running)
    return [(moment, 1) for output in outputs for moment in json.loads(output)]


def test_no_window_holds_more_than_the_limit_in_four_real_processes(server: RedisServer) -> None:
    admitted = ask_in_processes(server.url, "2000/2 seconds")
    assert fullest(admitted, 2) <= 2000 * TOLERATED
    # Two windows full of demand: nobody is refused what it may have.
    assert len(admitted) >= 0.9 * 2 * 2000


def test_the_counter_counts_in_redis_by_one_name(server: RedisServer) -> None:
    options = {"protocol": 3, "socket_timeout": 5}
    first, second = (SharedCounter(cache_of(server.url, **options)) for _ in range(2))
    assert first.take("principal", "alice", PER_MINUTE, 99) is True
    assert second.take("principal", "alice", PER_MINUTE, 2) is False
    assert second.take("principal", "alice", PER_MINUTE, 1) is True
    assert second.take("principal", "bob", PER_MINUTE, 1) is True
    state = first.look("principal", "alice", PER_MINUTE)
    assert state is not None
    assert state.remaining == 0
    assert 55 < state.seconds <= 60
    with redis.Redis.from_url(server.url) as client:
        keys = client.keys("*")
        assert sorted(key.split(b"/")[1] for key in keys) == [b"alice", b"bob"]
        assert all(key.startswith(b"walletsvc:") and 0 < client.ttl(key) <= 60 for key in keys)


def test_a_lost_redis_makes_one_caller_wait_once(server: RedisServer) -> None:
    clock, rate = Clock(), parse_rate("100000/minute")
    options = {"protocol": 3, "socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    counter = SharedCounter(cache_of(server.url, **options), clock=clock)
    lease = Leases("principal", counter=counter, processes=2, clock=clock).of("alice", rate)
    assert lease.take(1) == 0
    asked = []
    hit = counter._limiter.hit
    counter._limiter.hit = lambda *a, **k: asked.append(clock.now) or hit(*a, **k)  # type: ignore[method-assign]
    server.pause()
    begin = time.monotonic()
    # A block each.
    for _ in range(10):
        assert lease.take(1000) == 0
    assert len(asked) == 1
    assert time.monotonic() - begin < 5
    # It is asked again after 1 second, then 2, 4, up to 30: once each time.
    for _ in range(80):
        clock.now += 1
        assert counter.take("principal", "bob", rate, 1) is None
        assert counter.look("principal", "bob", rate) is None
    assert [round(after - before) for before, after in pairwise(asked)] == [1, 2, 4, 8, 16, 30]
    server.resume()
    clock.now += 31
    assert counter.take("principal", "bob", rate, 1) is True
    assert counter.take("principal", "bob", rate, 1) is True
