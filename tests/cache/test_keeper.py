"""When a process trusts the cache, and when it takes it into use: each rule of the lease, at its very moment."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from tests.cache.keeper_world import IN_USE, SUSPENDED, UNUSED, World
from walletsvc.cache.lease import UNKNOWN, Agreement, State
from walletsvc.cache.lease.state import make_state

pytestmark = pytest.mark.without_engine

# -- the state --------------------------------------------------------------------------------------------------


def test_a_state_is_valid_for_a_second_from_before_the_read() -> None:
    made = make_state(IN_USE, read_at=10.0, seen_at=9.0, is_ours=True)
    assert made == State(IN_USE, 9.0, 11.0, is_trusted=True, instance="one", prefix="walletsvc:identity:2:")
    made = make_state(None, read_at=10.0, seen_at=9.0, is_ours=True)
    assert made == State(None, 9.0, 11.0, is_trusted=False, instance="", prefix="")


@pytest.mark.parametrize(("agreement", "is_ours"), [(IN_USE, False), (SUSPENDED, True), (UNUSED, True)])
def test_only_a_cache_in_use_that_is_ours_is_trusted(agreement: Agreement, is_ours: bool) -> None:
    assert make_state(agreement, read_at=0, seen_at=0, is_ours=is_ours).is_trusted is False


def test_a_suspension_is_known_by_the_row() -> None:
    states = [make_state(each, read_at=0, seen_at=0, is_ours=True) for each in (SUSPENDED, IN_USE, None)]
    assert [each.is_suspended for each in states] == [True, False, False]


def test_a_new_keeper_knows_nothing() -> None:
    keeper = World().keeper
    assert keeper.state is UNKNOWN
    assert keeper.is_wanted is False


# -- the lease --------------------------------------------------------------------------------------------------


def test_the_row_is_read_again_when_the_lease_has_ended() -> None:
    world = World(IN_USE)
    first = world.keeper.current()
    world.now = 0.75
    assert world.keeper.current() is first
    assert world.reads == 1
    world.now = 1.0
    assert world.keeper.current() is world.keeper.state is not first
    assert (world.reads, world.keeper.state.valid_until) == (2, 2.0)


def test_a_row_that_is_read_too_slowly_gives_no_lease() -> None:
    world = World(IN_USE)
    world.read_seconds = 1.0
    assert world.keeper.current() is UNKNOWN
    world.read_seconds = 0.5
    assert world.keeper.current() is world.keeper.state
    assert world.keeper.state.valid_until == 2.0


def test_a_state_holds_while_the_row_says_the_same() -> None:
    world = World(IN_USE)
    state = world.keeper.current()
    assert world.keeper.holds(state) is True
    world.now = 1.0
    assert world.keeper.holds(state) is True
    assert world.keeper.state is not state
    world.agreement = replace(IN_USE, generation=7)
    world.step()
    assert world.keeper.holds(state) is False
    assert world.keeper.holds(world.keeper.state) is True
    world.agreement = SUSPENDED
    world.step()
    assert world.keeper.holds(world.keeper.state) is False


def test_it_counts_from_when_the_row_was_first_seen_as_it_is() -> None:
    world = World(IN_USE)
    world.read_seconds = 0.25
    assert world.step().seen_at == 0.25
    assert world.step(at=5.0).seen_at == 0.25
    world.agreement = SUSPENDED
    assert world.step(at=6.0).seen_at == 6.25


def test_a_missing_row_has_been_seen_at_no_time_before() -> None:
    world = World(None)
    world.is_created = False
    world.step(at=1.0)
    assert world.step(at=2.0).seen_at == 2.0


def test_all_leases_from_before_have_expired_after_a_second_and_what_clocks_may_differ_by() -> None:
    world = World(SUSPENDED)
    state = world.step()
    world.now = 1.0
    assert world.keeper.has_outlived(state) is False
    world.now = 1.0 + 0.05
    assert world.keeper.has_outlived(state) is True
    world.keeper.outlive()
    assert world.slept == [1.0 + 0.05]


# -- into use ---------------------------------------------------------------------------------------------------


def test_a_missing_row_is_made_and_read() -> None:
    world = World(None)
    state = world.step()
    assert state.agreement == Agreement("new", 1, is_suspended=True, instance="")
    assert (world.reads, world.probes) == (2, 0)


def test_a_step_ends_although_the_row_stays_missing() -> None:
    world = World(None)
    world.is_created = False
    assert world.step().agreement is None
    assert world.reads == 3


def test_an_unused_cache_is_taken_into_use_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    state = world.step()
    assert state.agreement == replace(UNUSED, generation=2, instance="one")
    assert state.is_trusted is True
    assert (world.changes, world.reads) == ([(False, "one")], 2)
    assert caplog.messages == ["The cache is in use from now on, in generation 2"]


def test_another_process_may_be_quicker(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    probe = world.probe

    def be_overtaken() -> str | None:
        world.agreement = IN_USE
        return probe()

    world.probe = be_overtaken  # type: ignore[method-assign]
    assert world.step().agreement == IN_USE
    assert (world.changes, caplog.messages) == ([], [])


def test_a_suspension_is_lifted_a_lease_and_a_half_after_it_was_seen() -> None:
    world = World(SUSPENDED)
    world.found = "two"
    world.step(at=1.0)
    world.step(at=2.25)
    assert (world.changes, world.reads, world.probes) == ([], 2, 0)
    state = world.step(at=2.5)
    assert state.agreement == Agreement("identity", 4, is_suspended=False, instance="two")
    assert (state.is_trusted, world.changes, world.reads) == (True, [(False, "two")], 4)


def test_a_redis_that_cannot_be_used_is_left_alone_twice_as_long_each_time() -> None:
    world = World()
    world.found = None
    tried = []
    for quarter in range(60):
        before = world.probes
        assert world.step(at=quarter / 4).is_trusted is False
        if world.probes > before:
            tried.append(world.now)
    assert tried == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5]
    assert (world.changes, world.reads) == ([], 60)


def test_a_redis_that_was_used_since_is_left_alone_for_a_short_time_again() -> None:
    world = World()
    world.found = None
    for at in (0.0, 0.5):
        world.step(at=at)
    world.found = "one"
    assert world.step(at=1.5).is_trusted is True
    world.found, world.in_doubt, world.probes = None, True, 0
    for at in (1.75, 2.0, 2.25):
        world.step(at=at)
    assert world.probes == 2
