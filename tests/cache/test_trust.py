"""What the lease has to say at the moment of an answer, and what a writer can be sure of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cache.strict import BODY, KEY, MISS, PREFIX, TAG, World, ask
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.lease import LEASE_SECONDS
from walletsvc.cache.responses import Lookup, keep, owner_stamp

pytestmark = pytest.mark.without_engine


# -- the lease at the moment of the answer ---------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["copy", "store"])
def stored(world: World, request: pytest.FixtureRequest) -> World:
    """Return a world with a stored response, with a copy of it or without."""
    keep(ask(), BODY)
    if not request.param:
        world.forget_copies()
    return world


def suspend_after(world: World, seconds: float) -> Callable[[], None]:
    """Return what lets so much time pass, and another process suspend the cache."""

    def suspend() -> None:
        world.now += seconds
        world.row.suspend()
        world.keeper.step()

    return suspend


def test_a_lease_is_good_to_its_end(stored: World) -> None:
    """Whoever suspends the cache waits for it."""
    before = stored.state
    stored.store.meanwhile = suspend_after(stored, 0.9 * LEASE_SECONDS)
    assert ask() == Lookup(KEY, BODY, stored.tokens(), TAG, before)
    assert stored.state.is_suspended


def test_nothing_is_served_when_the_lease_has_ended(stored: World) -> None:
    stored.store.meanwhile = suspend_after(stored, stored.state.valid_until - stored.now)
    assert ask() == MISS


def test_a_lease_that_was_renewed_meanwhile_is_as_good(stored: World) -> None:
    def take_long() -> None:
        stored.now += LEASE_SECONDS

    before = stored.state
    stored.store.meanwhile = take_long
    assert ask() == Lookup(KEY, BODY, stored.tokens(), TAG, before)


def test_nothing_to_serve_needs_no_lease(world: World) -> None:
    ask()
    before = world.state
    world.store.meanwhile = suspend_after(world, LEASE_SECONDS)
    assert ask() == Lookup(KEY, None, world.tokens(), None, before)


# -- a write ------------------------------------------------------------------------------------------------------


def test_a_write_marks_what_it_changes_and_announces_it(world: World) -> None:
    writer = Invalidation()
    assert writer.mark(iter([12, 3, 12]), owners=["alice", ""]) is True
    names = [f"{PREFIX}stamp:{name}" for name in ("everything", owner_stamp("alice"), "wallet:3", "wallet:12")]
    assert world.store.marked == names
    [mark] = set(world.store.shared.get_many(names))
    assert mark is not None
    assert mark.startswith(b"!")
    assert writer.settle() is True
    [token] = set(world.store.shared.get_many(names))
    assert token is not None
    assert not token.startswith(b"!")
    assert world.store.announced == [("walletsvc:identity:changes", b"3,12")]
    assert world.asked() == ["mark", "settle"]


def test_a_reader_under_a_mark_has_nothing_to_store_under(world: World) -> None:
    assert ask().stamps is not None
    writer = Invalidation()
    assert writer.mark([1])
    assert ask() == Lookup(KEY, None, None, None, world.state)


def test_a_writer_knows_when_it_could_not_mark(world: World) -> None:
    ask()
    world.store.is_gone = True
    writer = Invalidation()
    assert writer.mark([1]) is False
    assert writer.settle() is False
    assert writer.release() is False
    world.store.is_gone = False
    # The mark may be there: only its answer was lost.
    assert writer.release() is True
    assert world.store.announced == [("walletsvc:identity:changes", b"1")]


def test_a_writer_without_a_lease_does_not_mark(world: World) -> None:
    world.row.suspend()
    writer = Invalidation()
    assert writer.mark([1]) is False
    assert writer.settle() is False
    assert world.asked() == []


def test_a_writer_that_never_marked_has_nothing_to_settle(world: World) -> None:
    world.keeper.step()
    assert Invalidation().settle() is False
    assert Invalidation().release() is False
    assert world.asked() == []


def test_a_writer_is_not_sure_when_the_cache_was_suspended_while_it_settled(world: World) -> None:
    writer = Invalidation()
    assert writer.mark([1])
    world.store.meanwhile = suspend_after(world, LEASE_SECONDS)
    assert writer.release() is True
    assert writer.settle() is False
