"""No window of any start holds more than a rate allows, however callers ask and however many processes answer."""

from __future__ import annotations

import re
import sys
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.access.clocks import Clock
from tests.limits.shared import PER_MINUTE, TOLERATED, Shared, alone, together
from tests.limits.windows import fullest
from walletsvc.access.leases import LEASE_BYTES, Lease, Leases, Window
from walletsvc.access.rates import parse_rate

pytestmark = pytest.mark.without_engine


# -- one process ------------------------------------------------------------------------------------------


def test_a_lease_gives_its_rate_and_says_when_there_is_more(clock: Clock) -> None:
    lease = alone(clock)
    assert [lease.take(1) for _ in range(6000)] == [0] * 6000
    wait = lease.take(1)
    assert 60 <= wait <= 63
    clock.now += wait - 1.5
    assert lease.take(1) > 0
    clock.now += 1.5
    assert lease.take(1) == 0


def test_units_that_are_not_used_are_lost_after_half_a_window(clock: Clock) -> None:
    lease = alone(clock)
    lease.take(1)
    clock.now += 29
    assert re.fullmatch('"principal";r=5999;t=3[1-4]', lease.status())
    clock.now += 2
    lease.take(1)
    # The first block had 60.
    assert lease.status().startswith('"principal";r=5939;')


def test_a_refusal_of_much_leaves_the_rest_for_others(clock: Clock) -> None:
    lease = alone(clock)
    assert lease.take(5_500) == 0
    assert lease.take(1_000) > 0
    assert lease.take(1_000) > 0
    assert lease.take(500) == 0
    assert lease.take(1) > 0


def test_to_ask_whether_there_is_a_unit_uses_none(clock: Clock) -> None:
    lease = alone(clock, parse_rate("3/minute"))
    for _ in range(3):
        assert [lease.wait() for _ in range(5)] == [0] * 5
        assert lease.take(1) == 0
    assert lease.wait() > 0


def test_a_window_counts_each_unit_for_its_length_at_least(clock: Clock) -> None:
    window = Window(60)
    for _ in range(40):
        window.add(1, clock.now)
        clock.now += 1
    assert window.count(clock.now) == 40
    clock.now += 20
    assert window.count(clock.now) == 40
    clock.now += 43
    assert window.count(clock.now) == 0


# Pauses in seconds, and how many ask after each.
demands = st.lists(
    st.tuples(st.one_of(st.floats(0, 1), st.floats(0, 90)), st.integers(1, 4000), st.integers(1, 70)),
    max_size=40,
)


@settings(max_examples=150)
@given(demands)
def test_no_window_holds_more_than_the_limit_in_one_process(demand: list[tuple[float, int, int]]) -> None:
    clock = Clock()
    lease = alone(clock)
    admitted = []
    for pause, requests, units in demand:
        clock.now += pause
        admitted += [(clock.now, units) for _ in range(requests // units) if not lease.take(units)]
    assert fullest(admitted, 60) <= 6000 * TOLERATED


def test_a_caller_that_asks_without_end_gets_its_limit(clock: Clock) -> None:
    lease, admitted = alone(clock), []
    for _ in range(30_000):
        clock.now += 0.005
        if not lease.take(1):
            admitted.append((clock.now, 1))
    assert fullest(admitted, 60) <= 6000 * TOLERATED
    assert len(admitted) >= 0.95 * 6000 * 30_000 * 0.005 / 60


def test_threads_of_one_process_share_a_lease() -> None:
    rate = parse_rate("2000/second")
    leases = Leases("principal", counter=None)
    admitted: list[tuple[float, int]] = []
    begin = threading.Barrier(8)

    def ask() -> None:
        begin.wait()
        end = time.monotonic() + 2.5
        while (now := time.monotonic()) < end:
            if not leases.of("alice", rate).take(1):
                admitted.append((now, 1))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(leases) == 1
    assert len(admitted) >= 2000
    assert fullest(admitted, 1) <= 2000 * TOLERATED


# -- several processes ------------------------------------------------------------------------------------


def test_no_window_holds_more_than_the_limit_in_four_processes(clock: Clock, shared: Shared) -> None:
    leases, admitted = together(shared, clock), []
    # One request, a pause of most of a window, and then as much as they give: a sliding counter takes it for idle.
    assert leases[0].take(1) == 0
    admitted.append((clock.now, 1))
    clock.now += 59
    for turn in range(60_000):
        clock.now += 0.002
        if not leases[turn % 4].take(1):
            admitted.append((clock.now, 1))
    assert fullest(admitted, 60) <= 6000 * TOLERATED
    assert len(admitted) >= 1.9 * 6000


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 70), st.integers(0, 3), st.integers(1, 5000)), max_size=30))
def test_no_demand_on_four_processes_gets_more(demand: list[tuple[float, int, int]]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        shared = Shared(clock, patch)
        leases, admitted = together(shared, clock), []
        for pause, process, requests in demand:
            clock.now += pause
            admitted += [(clock.now, 1) for _ in range(requests) if not leases[process].take(1)]
    assert fullest(admitted, 60) <= 6000 * TOLERATED


def test_a_block_is_one_trip_and_a_refusal_is_remembered(clock: Clock, shared: Shared) -> None:
    [lease] = together(shared, clock, processes=1)
    for _ in range(6000):
        clock.now += 0.0001
        assert lease.take(1) == 0
    assert shared.taken == 100
    # Looks at what is left: a few times in a window, for the header.
    assert shared.looked <= 2
    wait = lease.take(1)
    taken, looked = shared.taken, shared.looked
    for _ in range(1000):
        clock.now += (wait - 1) / 1000
        assert lease.take(1) > 0
    assert (shared.taken, shared.looked) == (taken, looked)
    clock.now += 1
    assert lease.take(1) == 0


def test_the_header_shows_what_others_have_used(clock: Clock, shared: Shared) -> None:
    first, second = together(shared, clock, processes=2)
    for _ in range(3000):
        first.take(1)
    clock.now += 20
    second.take(1)
    assert second.status() == '"principal";r=2999;t=40'


def test_without_redis_each_process_gives_its_part(clock: Clock, shared: Shared) -> None:
    leases = together(shared, clock)
    shared.is_away = True
    given_ = [sum(lease.take(1) == 0 for _ in range(6000)) for lease in leases]
    assert given_ == [1500] * 4
    # What was taken from Redis counts after it has gone.
    clock.now += 1000
    shared.is_away = False
    assert sum(leases[0].take(1) == 0 for _ in range(1200)) == 1200
    shared.is_away = True
    assert sum(leases[0].take(1) == 0 for _ in range(6000)) == 300


# -- many callers -----------------------------------------------------------------------------------------


def test_a_flood_of_callers_takes_bounded_memory(clock: Clock) -> None:
    leases = Leases("address", counter=None, clock=clock, max_leases=100)
    for number in range(10_000):
        leases.of(f"10.0.{number // 256}.{number % 256}", parse_rate("600/minute")).take(1)
    assert len(leases) <= 100


def test_a_lease_is_as_large_as_it_is_counted(clock: Clock) -> None:
    lease = alone(clock)
    for _ in range(200):
        clock.now += 1
        lease.take(31)
    assert size_of(lease) <= LEASE_BYTES


def size_of(lease: Lease) -> int:
    slices = lease._taken._slices
    own = [lease, lease.policy, lease._who, lease._lock, lease._taken, slices, *slices]
    numbers = [number for pair in slices for number in pair] + [lease._ends, lease._resets, lease._look_at]
    return sum(map(sys.getsizeof, [*own, *numbers]))


def test_another_rate_is_another_lease(clock: Clock) -> None:
    leases = Leases("principal", counter=None, clock=clock)
    slow = leases.of("alice", parse_rate("1/minute"))
    assert slow.take(1) == 0
    assert slow.take(1) > 0
    assert leases.of("alice", parse_rate("1/minute")) is slow
    assert leases.of("alice", PER_MINUTE).take(1) == 0
