"""All orders in which readers and writers can take turns: a caller with a write's answer never reads older data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cache.stores import Cache, Process, forget_stamps
from tests.leases import SharedRow
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.lease import Keeper
from walletsvc.cache.memory import MemoryStore
from walletsvc.cache.responses import EVERYTHING, Lookup, keep, look_up, owner_stamp
from walletsvc.cache.store import Store

pytestmark = pytest.mark.without_engine

Step = Callable[[], None]
Actor = tuple[str, ...]

READ: Actor = ("look up", "read", "keep")
COMMITTED: Actor = ("mark", "commit", "settle")
ROLLED_BACK: Actor = ("mark", "settle")
DIED: Actor = ("mark", "commit")
MARKS_EXPIRE: Actor = ("expire",)
STAMPS_ARE_EVICTED: Actor = ("evict",)


class World:
    """A database with the set of committed writes, a cache, and the actors that use them.

    Each actor runs its steps in order; `take` runs the next step of one of them. In turn they belong to one of
    `processes`, which have their own copies in front of a shared store; 0 stands for one process without copies.
    Readers ask for what depends on an `owner`, if any; writers change what is the `writer`'s.
    """

    def __init__(self, actors: Sequence[Actor], *, processes: int, owner: str = "", writer: str = "") -> None:
        self.writer = writer
        self.stamp = owner_stamp(owner) if owner else EVERYTHING
        shared = MemoryStore()
        self.shared: Store = shared
        stores: list[Store] = [Process(shared) for _ in range(processes)] or [shared]
        self.caches = [Cache(each, ROW, KEEPER) for each in stores]
        self.on_stage = self.caches[0]
        self.committed: frozenset[int] = frozenset()
        self.answered: frozenset[int] = frozenset()
        self.invalidations: dict[int, Invalidation] = {}
        self.lookups: dict[int, Lookup] = {}
        self.owed: dict[int, frozenset[int]] = {}
        self.found: dict[int, frozenset[int]] = {}
        self.todo = [list(actor) for actor in actors]

    def take(self, actor: int) -> None:
        if self.todo[actor]:
            step = self.todo[actor].pop(0)
            self.on_stage = self.caches[actor % len(self.caches)]
            getattr(self, step.replace(" ", "_"))(actor)

    # -- a writer --

    def mark(self, actor: int) -> None:
        self.invalidations[actor] = Invalidation()
        assert self.invalidations[actor].mark([], owners=[self.writer])

    def commit(self, actor: int) -> None:
        self.committed |= {actor}

    def settle(self, actor: int) -> None:
        self.invalidations[actor].settle()
        self.answered |= {actor} & self.committed

    # -- a reader --

    def look_up(self, actor: int) -> None:
        self.owed[actor] = self.answered
        lookup = look_up("key", stamps=[self.stamp])
        self.lookups[actor] = lookup
        if lookup.response is not None:
            self.todo[actor].clear()
            self.answer(actor, decode(lookup.response))

    def read(self, actor: int) -> None:
        self.found[actor] = self.committed

    def keep(self, actor: int) -> None:
        keep(self.lookups[actor], encode(self.found[actor]))
        self.answer(actor, self.found[actor])

    def answer(self, actor: int, found: frozenset[int]) -> None:
        assert self.owed[actor] <= found, f"reader {actor} was owed {set(self.owed[actor])}, and got {set(found)}"

    # -- time, and a cache that is full --

    def expire(self, _actor: int) -> None:
        forget_stamps(self.shared, self.stamp)

    def evict(self, _actor: int) -> None:
        forget_stamps(self.shared)


def encode(writes: Iterable[int]) -> bytes:
    return ",".join(map(str, sorted(writes))).encode()


def decode(response: bytes) -> frozenset[int]:
    return frozenset(map(int, response.split(b","))) if response else frozenset()


def interleavings(lengths: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Return every order in which actors with so many steps each can take turns."""
    if not any(lengths):
        yield ()
    for actor, left in enumerate(lengths):
        if left:
            for rest in interleavings((*lengths[:actor], left - 1, *lengths[actor + 1 :])):
                yield (actor, *rest)


ROW = SharedRow()
KEEPER = Keeper(row=ROW, instances=MemoryStore)
"""For all plays: the trusted cache never changes here (see `test_leases`)."""

STAGE: list[World] = []
"""Holds the play that is on."""


@pytest.fixture(autouse=True)
def cache_on_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "store", lambda: STAGE[0].on_stage.store)
    monkeypatch.setattr(responses, "keeper", lambda: STAGE[0].on_stage.keeper)


def play(actors: Sequence[Actor], order: Iterable[int], *, processes: int = 0, **owners: str) -> None:
    """Let the actors take turns in this order, and two readers come after them (in two processes, one in each)."""
    actors = [*actors, READ, READ]
    world = World(actors, processes=processes, **owners)
    STAGE[:] = [world]
    last = [actor for actor in (len(actors) - 2, len(actors) - 1) for _ in READ]
    for actor in [*order, *last]:
        world.take(actor)


def play_all(actors: Sequence[Actor], *, processes: int = 0, **owners: str) -> None:
    """Let the actors take turns in every possible order."""
    for order in interleavings(tuple(map(len, actors))):
        play(actors, order, processes=processes, **owners)


PROCESSES = pytest.mark.parametrize("processes", [0, 1, 2], ids=["memory", "one process", "two processes"])


@PROCESSES
@pytest.mark.parametrize("second", [COMMITTED, ROLLED_BACK, DIED], ids=["commits", "rolls back", "dies"])
def test_a_reader_between_two_writers_while_marks_expire(second: Actor, processes: int) -> None:
    play_all((READ, COMMITTED, second), processes=processes)
    play_all((READ, COMMITTED, second, MARKS_EXPIRE), processes=processes)


@PROCESSES
def test_two_readers_and_a_writer_while_stamps_are_evicted(processes: int) -> None:
    play_all((READ, READ, COMMITTED, STAMPS_ARE_EVICTED), processes=processes)
    play_all((READ, COMMITTED, READ, STAMPS_ARE_EVICTED), processes=processes)


@PROCESSES
@pytest.mark.parametrize("reader", ["", "alice"], ids=["who reaches all", "an owner"])
def test_a_reader_depends_on_what_an_owner_writes(reader: str, processes: int) -> None:
    owners = {"owner": reader, "writer": "alice"}
    for second in (COMMITTED, ROLLED_BACK, DIED):
        play_all((READ, COMMITTED, second), processes=processes, **owners)
        play_all((READ, COMMITTED, second, MARKS_EXPIRE), processes=processes, **owners)
    play_all((READ, READ, COMMITTED, STAMPS_ARE_EVICTED), processes=processes, **owners)


@settings(deadline=None, max_examples=400)
@given(
    actors=st.lists(
        st.sampled_from([READ, READ, COMMITTED, COMMITTED, ROLLED_BACK, DIED, MARKS_EXPIRE, STAMPS_ARE_EVICTED]),
        min_size=3,
        max_size=9,
    ),
    processes=st.integers(0, 3),
    data=st.data(),
)
def test_any_crowd(actors: list[Actor], processes: int, data: st.DataObject) -> None:
    turns = [number for number, actor in enumerate(actors) for _ in actor]
    order = data.draw(st.permutations(turns))
    play(actors, order, processes=processes)


# -- the proof of the proofs: with less, some order fails -----------------------------------------------------


def test_without_stamps_a_reader_gets_old_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Invalidation, "settle", lambda self: None)
    monkeypatch.setattr(Invalidation, "mark", lambda self, wallet_ids, owners: True)
    with pytest.raises(AssertionError, match="was owed"):
        play_all((READ, COMMITTED))


def test_marking_another_owner_is_not_enough() -> None:
    with pytest.raises(AssertionError, match="was owed"):
        play_all((READ, COMMITTED), owner="alice", writer="bob")


def test_a_copy_is_no_good_without_the_stamps_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_join", lambda _tokens: b"as if nothing had changed")
    with pytest.raises(AssertionError, match="was owed"):
        play_all((READ, COMMITTED), processes=1)


def test_replacing_only_the_own_mark_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have expired, or been overwritten and settled, and a reader may have stored under a later token."""

    def settle(store: MemoryStore, tokens: Mapping[str, bytes], *, mark: bytes, **_rest: object) -> None:
        for key, token in tokens.items():
            if store._get(key) == mark:
                store._put(key, token, 60)

    monkeypatch.setattr(MemoryStore, "settle", settle)
    with pytest.raises(AssertionError, match="was owed"):
        play_all((READ, COMMITTED, ROLLED_BACK))
    with pytest.raises(AssertionError, match="was owed"):
        play_all((READ, COMMITTED, MARKS_EXPIRE))
