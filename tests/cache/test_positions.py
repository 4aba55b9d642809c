"""Positions in stamps: a replica that has a stamp's position has every write that was answered before it was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cache import test_interleavings as plays
from tests.cache.stores import Cache, connect
from tests.leases import SharedRow
from tests.servers import RedisServer
from walletsvc.cache import memory, responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.memory import MemoryStore
from walletsvc.cache.positions import later, position_of, settled
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.responses import EVERYTHING, look_up

pytestmark = pytest.mark.without_engine

COMMITTED = ("mark", "commit", "settle")
ROLLED_BACK = ("mark", "settle")
DIED = ("mark", "commit")
READ = ("look up",)
EXPIRE = ("expire",)


class World:
    """A binary log, a stamp, and actors that run their steps in turns."""

    def __init__(self, actors: Sequence[plays.Actor]) -> None:
        self.todo = [list(actor) for actor in actors]
        self.cache = Cache(MemoryStore(), SharedRow())
        self.length = self.answered = self.known = 0
        self.numbers: dict[int, int] = {}
        self.writers: dict[int, Invalidation] = {}

    def take(self, actor: int) -> None:
        if self.todo[actor]:
            getattr(self, self.todo[actor].pop(0).replace(" ", "_"))(actor)

    def mark(self, actor: int) -> None:
        self.writers[actor] = Invalidation()
        assert self.writers[actor].mark([])

    def commit(self, actor: int) -> None:
        self.length += 1
        self.numbers[actor] = self.length

    def settle(self, actor: int) -> None:
        number = self.numbers.get(actor, 0)
        assert self.writers[actor].settle(f"0-1-{number}" if number else "")
        self.answered = max(self.answered, number)

    def look_up(self, _actor: int) -> None:
        """Whoever trusts the position reads at least all that was answered before."""
        position = position_of(look_up("key", stamps=[EVERYTHING]).stamps)
        if position:
            self.known += 1
            number = int(position.rpartition("-")[2])
            assert self.answered <= number <= self.length, f"{position}, and {self.answered} was answered"

    def expire(self, _actor: int) -> None:
        plays.forget_stamps(self.cache.store, EVERYTHING)


STAGE: list[World] = []


@pytest.fixture(autouse=True)
def cache_on_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "store", lambda: STAGE[0].cache.store)
    monkeypatch.setattr(responses, "keeper", lambda: STAGE[0].cache.keeper)


def play(actors: Sequence[plays.Actor], order: Iterable[int]) -> World:
    world = World([*actors, READ])
    STAGE[:] = [world]
    for actor in [*order, len(actors)]:
        world.take(actor)
    return world


def play_all(*actors: plays.Actor) -> None:
    for order in plays.interleavings(tuple(map(len, actors))):
        play(actors, order)


@pytest.mark.parametrize(
    "third", [COMMITTED, ROLLED_BACK, DIED, EXPIRE], ids=["commits", "rolls back", "dies", "expires"]
)
def test_a_position_has_all_that_was_answered_in_any_order(third: plays.Actor) -> None:
    play_all(READ, COMMITTED, COMMITTED, third)
    play_all(COMMITTED, ROLLED_BACK, third)
    play_all(COMMITTED, third, EXPIRE)


@given(
    actors=st.lists(st.sampled_from([READ, COMMITTED, COMMITTED, ROLLED_BACK, DIED, EXPIRE]), min_size=3, max_size=9),
    data=st.data(),
)
def test_in_any_crowd_as_well(actors: list[plays.Actor], data: st.DataObject) -> None:
    turns = [number for number, actor in enumerate(actors) for _ in actor]
    play(actors, data.draw(st.permutations(turns)))


def test_writes_one_after_the_other_or_at_once_leave_a_position() -> None:
    for order in ([0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 1], [0, 1, 1, 0, 0, 1], [0, 1, 0, 1, 1, 0]):
        assert play([COMMITTED, COMMITTED], order).known == 1
    assert play([COMMITTED, EXPIRE], [0, 0, 0, 1]).known == 0
    assert play([COMMITTED, ROLLED_BACK], [0, 0, 0, 1, 1]).known == 0


def test_another_writers_mark_has_to_carry_the_position(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of the proof: that writer may have committed before, and settles last."""

    def forgetful(current: bytes | None, **rest: bytes) -> tuple[bytes, bool]:
        left, is_ours = settled(current, **rest)
        return (left, True) if is_ours else (left.partition(b"@")[0], False)

    monkeypatch.setattr(memory, "settled", forgetful)
    with pytest.raises(AssertionError, match="was answered"):
        play_all(COMMITTED, COMMITTED)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("0-1-9", "0-1-10", "0-1-10"),
        ("0-1-10", "0-2-9", "0-1-10"),
        ("0-1-7", "0-1-7", "0-1-7"),
        ("0-1-7", "1-1-7", ""),
        ("0-1-7", "", ""),
        ("", "", ""),
        ("0-1-7", "0-1-7,1-1-2", ""),
        ("0-1-18446744073709551615", "0-1-9007199254740993", "0-1-18446744073709551615"),
    ],
)
def test_the_later_of_two_positions(one: str, other: str, expected: str) -> None:
    assert later(one.encode(), other.encode()).decode() == expected
    assert later(other.encode(), one.encode()).decode() == expected


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (None, ""),
        (b"", ""),
        (b"aa", ""),
        (b"aa@0-1-7", "0-1-7"),
        (b"aa@0-1-7 bb@0-1-12 cc@0-1-9", "0-1-12"),
        (b"aa@0-1-7 bb", ""),
        (b"aa bb@0-1-7", ""),
        (b"aa@0-1-7 bb@1-1-8", ""),
        (b"aa@nonsense", ""),
    ],
)
def test_stamps_have_the_latest_of_their_positions_or_none(stamps: bytes | None, expected: str) -> None:
    assert position_of(stamps) == expected


POSITIONS = ("", "0-1-7", "0-1-10", "1-1-8")
NAMES = ("aa", "!mine", "!other")


def test_redis_leaves_what_the_memory_store_leaves(shared_redis: RedisServer) -> None:
    client = connect(shared_redis)
    store = RedisStore(client, pause_seconds=0)
    instance = store.probe() or ""
    before = [None, *NAMES, *(f"{name}@{each}" for name, each in product(NAMES, POSITIONS))]
    for current, position in product(before, POSITIONS):
        if current is None:
            client.delete("key")
        else:
            client.set("key", current, ex=50)
        store.settle({"key": b"token"}, mark=b"!mine", instance=instance, position=position.encode())
        expected, is_ours = settled(
            None if current is None else current.encode(), mark=b"!mine", token=b"token", position=position.encode()
        )
        assert client.get("key") == expected, (current, position)
        # A mark that stays lives no longer than it would have.
        assert client.ttl("key") > 3000 if is_ours else 0 < client.ttl("key") <= 50
    client.connection_pool.disconnect()


def test_a_mark_that_stays_lives_no_longer_in_memory_either() -> None:
    now = [0.0]
    store = MemoryStore(clock=lambda: now[0])
    store.mark(["key"], b"!other")
    now[0] = 4.0
    store.settle({"key": b"token"}, mark=b"!mine", position=b"0-1-7")
    assert store.get_many(["key"]) == [b"!other@0-1-7"]
    now[0] = 5.0
    assert store.get_many(["key"]) == [None]
