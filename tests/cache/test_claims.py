"""When a process suspends another's cache, or gives its own back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.cache.keeper_world import IN_USE, SUSPENDED, World
from walletsvc.cache.lease import UNKNOWN, Agreement

pytestmark = pytest.mark.without_engine


# -- another Redis ----------------------------------------------------------------------------------------------


def test_a_cache_in_use_that_nobody_doubts_is_not_probed() -> None:
    world = World(IN_USE)
    world.found = "two"
    world.step()
    assert (world.reads, world.probes) == (1, 0)


@pytest.mark.parametrize("found", ["one", None])
def test_a_doubt_that_proves_wrong_or_cannot_be_settled_changes_nothing(found: str | None) -> None:
    world = World(IN_USE)
    world.found, world.in_doubt = found, True
    assert world.step().is_trusted is True
    assert (world.changes, world.reads, world.probes) == ([], 1, 1)


def test_another_redis_suspends_the_cache() -> None:
    world = World()
    world.step()
    world.found, world.in_doubt = "two", True
    state = world.step(at=0.25)
    assert state.agreement == Agreement("identity", 3, is_suspended=True, instance="two")
    assert (state.is_trusted, world.changes[1:], world.reads) == (False, [(True, "two")], 4)


def test_processes_that_disagree_replace_each_others_redis_twice_as_late_each_time() -> None:
    world = World(IN_USE)
    world.in_doubt = True
    replaced = []
    for half in range(600):
        world.found = "two"
        if world.agreement is not None and not world.agreement.is_suspended:
            world.agreement = replace(world.agreement, instance="one")
        before = len(world.changes)
        world.step(at=half / 2)
        if world.changes[before:] == [(True, "two")]:
            replaced.append(world.now)
    assert replaced == [0.0, 5.0, 15.0, 35.0, 75.0, 135.0, 195.0, 255.0]


@pytest.mark.parametrize(("after", "is_forgotten"), [(120.0, False), (120.5, True)])
def test_a_disagreement_is_forgotten_after_two_minutes(after: float, is_forgotten: bool) -> None:
    world = World(IN_USE)
    world.in_doubt = True
    replaced = []
    world.found = "two"
    # The first puts the next off until 5, and that one until 15; then there is peace for `after` seconds.
    for at in (0.0, 5.0, 15.0 + after, 20.0 + after, 35.0 + after):
        world.agreement = IN_USE
        world.step(at=at)
        if world.changes:
            replaced.append(world.now)
            world.changes.clear()
    again = [20.0 + after] if is_forgotten else []
    assert replaced == [0.0, 5.0, 15.0 + after, *again, 35.0 + after]


# -- caches in the memory of one process ------------------------------------------------------------------------


def test_the_cache_of_another_process_is_not_trusted_and_taken_only_by_one_that_reads() -> None:
    world = World(IN_USE, own="mine")
    assert world.step().is_trusted is False
    assert (world.changes, world.reads, world.probes) == ([], 1, 0)
    world.keeper.is_wanted = True
    assert world.step().agreement == Agreement("identity", 3, is_suspended=True, instance="mine")
    world.step(at=1.5)
    assert world.keeper.state.is_trusted is True


def test_a_process_that_never_reads_keeps_what_is_its_own() -> None:
    world = World(replace(SUSPENDED, instance="mine"), own="mine")
    world.step()
    assert world.step(at=1.5).is_trusted is True


def test_a_suspension_by_another_process_is_not_lifted_by_one_that_never_reads() -> None:
    world = World(SUSPENDED, own="mine")
    for at in (0.0, 1.5, 20.0):
        world.step(at=at)
    assert (world.changes, world.probes) == ([], 0)
    world.keeper.is_wanted = True
    assert world.step().is_trusted is True


def test_who_takes_the_place_of_this_process_has_time_to_use_it() -> None:
    world = World(own="mine")
    world.keeper.is_wanted = True
    assert world.step().instance == "mine"
    taken = Agreement("identity", 3, is_suspended=False, instance="one")
    world.agreement = taken
    for at in (1.0, 5.5):
        assert world.step(at=at).agreement == taken
    assert world.probes == 1
    assert world.step(at=6.0).agreement == Agreement("identity", 4, is_suspended=True, instance="mine")


def test_a_row_that_is_gone_is_no_place_that_was_taken() -> None:
    world = World(own="mine")
    world.keeper.is_wanted = True
    world.step()
    world.agreement = None
    world.step(at=1.0)
    assert world.step(at=2.5).is_trusted is True


# -- the end of a process ---------------------------------------------------------------------------------------


def test_a_cache_that_ends_with_its_process_is_given_back() -> None:
    world = World(own="mine")
    world.step()
    world.keeper.give_back()
    assert world.agreement == Agreement("identity", 3, is_suspended=False, instance="")
    assert world.keeper.state is UNKNOWN


@pytest.mark.parametrize(
    ("agreement", "own"),
    [(IN_USE, ""), (replace(SUSPENDED, instance="mine"), "mine"), (IN_USE, "mine")],
    ids=["shared", "suspended", "another's"],
)
def test_no_other_is_given_back(agreement: Agreement, own: str) -> None:
    world = World(agreement, own=own)
    world.step()
    world.keeper.give_back()
    assert world.agreement == agreement
    assert world.keeper.state is UNKNOWN


@pytest.mark.parametrize("own", ["", "mine"])
def test_a_process_without_a_state_gives_nothing_back(own: str) -> None:
    world = World(own=own)
    world.keeper.give_back()
    assert world.changes == []


def test_a_forked_process_does_not_give_its_parents_back() -> None:
    world = World(own="mine")
    world.step()
    world.own_instance = "child's"
    world.keeper.give_back()
    assert world.agreement == Agreement("identity", 2, is_suspended=False, instance="mine")
