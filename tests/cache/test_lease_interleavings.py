"""Processes lose Redis, and each other, at any moment: once a write is answered, its caller never reads older data.

All code from the keeper to the publication of a write is real; the oracle is a set of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from random import Random
from typing import Any

import pytest

from tests.cache.lease_world import Database, Instance, TurnKeeper, Way
from tests.cache.turns import Actor, Play
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.lease import Keeper, State, keeper, state
from walletsvc.cache.responses import EVERYTHING, keep, look_up
from walletsvc.commands import publication
from walletsvc.commands.publication import Publication

pytestmark = pytest.mark.without_engine

PLAYS = 28
MANY_PLAYS = 2000
"""More than it takes: it ends with the first that fails."""
TURNS = 1500
READS = 30
BLOWS = ("hiccup", "cut", "read-only", "lossy", "failed over", "back")


@dataclass(frozen=True)
class Habits:
    """The probabilities of one play, so that events that are rare among all orders are frequent in some play."""

    holds_up: tuple[float, ...]
    """How long a writer may wait for its COMMIT."""
    blows: tuple[str, ...]
    interval: float
    """How long the weather lasts, at most."""
    troubled: int
    """How many processes the weather is bad for."""
    stalls: tuple[float, float]
    """The share of the steps of each keeper after which it is kept waiting."""
    writers: int
    writes: int

    @classmethod
    def draw(cls, random: Random) -> Habits:
        """Return the habits of some play."""
        return cls(
            holds_up=random.choice(((0.0,), (0.0, 0.5), (0.0, 3.0))),
            blows=random.choice((("hiccup",), ("cut", "back"), BLOWS)),
            interval=random.choice((0.3, 1.0, 4.0)),
            troubled=random.choice((1, 2)),
            stalls=(random.choice((0.0, 0.2)), random.choice((0.0, 0.2))),
            writers=random.choice((1, 2)),
            writes=random.choice((1, 2, 3)),
        )


class World:
    """Two processes, each with its keeper, writers and a reader, and what happens to Redis, which is the weather."""

    def __init__(self, seed: int, *, is_shared: bool, **habits: Any) -> None:
        self.play = Play(Random(seed))
        self.random = self.play.random
        self.database = Database(self.play)
        self.answered: frozenset[int] = frozenset()
        self.numbers = count(1)
        self.is_shared = is_shared
        self.redis = Instance("redis 0", self.play)
        self.habits = replace(Habits.draw(self.random), **habits)
        self.ways: list[Way] = []
        self.keepers: list[TurnKeeper] = []
        for number in range(2):
            target = self.redis if is_shared else Instance(f"process {number}", self.play)
            self.ways.append(Way(target, self.play, is_shared=is_shared))
            self.keepers.append(TurnKeeper(self.ways[-1], self.database, self.play))

    def run(self) -> None:
        processes = range(len(self.ways))
        for keeps in self.keepers:
            # Each has a lease when the play begins.
            keeps.is_wanted = True
            keeps.step()
        keepers = [Actor(each, self.keepers[each].run, stalls=self.habits.stalls[each]) for each in processes]
        writers = [Actor(each, self.write, stalls=0.03) for each in processes for _ in range(self.habits.writers)]
        readers = [Actor(each, self.read, stalls=0.02) for each in processes]
        weather = Actor(0, self.change_weather if self.is_shared else self.end_a_process, stalls=0)
        self.play.run([*keepers, *writers, *readers, weather], needed=[*writers, *readers], turns=TURNS)

    @property
    def process(self) -> int:
        return 0 if self.play.current is None else self.play.current.process

    def write(self) -> None:
        for _ in range(self.habits.writes):
            self.play.sleep(self.random.uniform(0, 2))
            number = next(self.numbers)
            published = Publication()
            published.prepare({})
            self.play.sleep(self.random.choice(self.habits.holds_up))
            if self.random.random() < 0.2:
                self.database.roll_back()
                published.withdraw()
                continue
            self.database.end(frozenset({number}))
            published.complete()
            self.answered |= {number}

    def read(self) -> None:
        for _ in range(READS):
            owed = self.answered
            found = look_up("key", stamps=[EVERYTHING])
            if found.response is not None:
                served = {int(each) for each in found.response.split()}
                assert owed <= served, f"process {self.process} was owed {set(owed)}, and served {served}"
            else:
                self.play.pause()
                response = b" ".join(b"%d" % each for each in sorted(self.database.committed))
                self.play.pause()
                keep(found, response)
            self.play.sleep(self.random.uniform(0, 0.3))

    def change_weather(self) -> None:
        for number in count(1):
            self.play.sleep(self.random.uniform(0, self.habits.interval))
            way = self.random.choice(self.ways[: self.habits.troubled])
            way.is_cut = way.is_read_only = way.loses_answers = False
            blow = self.random.choice(self.habits.blows)
            if blow == "failed over":
                way.target = self.redis.copy(f"redis {number}", self.play)
            elif blow == "back":
                way.target = self.redis
            way.lost_marks = int(blow == "hiccup")
            way.is_cut, way.is_read_only, way.loses_answers = blow == "cut", blow == "read-only", blow == "lossy"

    def end_a_process(self) -> None:
        self.play.sleep(self.random.choice((0.5, 2.0, 8.0)))
        self.random.choice(self.keepers).is_stopping = True


STAGE: list[World] = []
"""Holds the world that is on."""


@pytest.fixture(autouse=True)
def world_on_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "store", lambda: STAGE[0].ways[STAGE[0].process])
    monkeypatch.setattr(responses, "keeper", lambda: STAGE[0].keepers[STAGE[0].process])
    monkeypatch.setattr(publication, "_suspend", lambda: STAGE[0].database.suspend())
    monkeypatch.setattr(publication, "_suspend_now", lambda: STAGE[0].database.suspend_now())
    monkeypatch.setattr(publication, "_lock_row", lambda: STAGE[0].database.lock_row())


def play_all(*, is_shared: bool, plays: int, **habits: Any) -> None:
    for seed in range(plays):
        STAGE[:] = [World(seed, is_shared=is_shared, **habits)]
        STAGE[0].run()


CLOSE_BY: dict[str, Any] = {"holds_up": (0.0, 0.5), "blows": ("hiccup",), "interval": 0.3, "troubled": 1}
"""One process often fails, for a moment, while a writer of the other one is about to commit."""
HELD_UP: dict[str, Any] = {**CLOSE_BY, "holds_up": (0.0, 3.0), "interval": 1.0}
LATE: dict[str, Any] = {"stalls": (0.0, 0.2), "troubled": 1}
CROWD: dict[str, Any] = {"writers": 2, "writes": 3}
HABITS: dict[str, dict[str, Any]] = {
    "any": {},
    "late": LATE,
    "held up": HELD_UP,
    "close by": {**CLOSE_BY, **LATE},
    "late crowd": {**LATE, **CROWD},
    "crowd held up": {**HELD_UP, **CROWD},
}


@pytest.mark.parametrize("habits", HABITS)
def test_no_reader_gets_data_older_than_an_answered_write(habits: str) -> None:
    play_all(is_shared=True, plays=PLAYS, **HABITS[habits])


def test_nor_when_each_process_has_a_cache_of_its_own() -> None:
    play_all(is_shared=False, plays=PLAYS)


# -- the proof of the proof: with less, some order fails ------------------------------------------------------


def without_a_wait_after_a_suspension(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Keeper, "outlive", lambda _keeper: None)


def without_a_look_at_the_lease_in_the_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Invalidation, "settle", Invalidation.release)


def with_a_lift_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(keeper, "HOLD_SECONDS", 0)


def with_leases_from_the_end_of_a_poll(patch: pytest.MonkeyPatch) -> None:
    def make_state(*arguments: object, read_at: float, **named: object) -> State:
        assert read_at <= STAGE[0].play.now
        return made(*arguments, read_at=STAGE[0].play.now, **named)

    made: Callable[..., State] = state.make_state
    patch.setattr(keeper, "make_state", make_state)


def with_leases_that_do_not_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(state, "LEASE_SECONDS", 1e9)


def with_others_who_may_not_have_seen_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Keeper, "has_outlived", lambda _keeper, _state: True)


def with_a_look_at_the_row_that_locks_nothing(patch: pytest.MonkeyPatch) -> None:
    def lock_row() -> list[tuple[object, ...]]:
        rows = STAGE[0].database.lock_row()
        STAGE[0].database.roll_back()
        return rows

    patch.setattr(publication, "_lock_row", lock_row)


@pytest.mark.parametrize(
    ("weaken", "habits"),
    [
        (without_a_wait_after_a_suspension, "any"),
        (without_a_look_at_the_lease_in_the_end, "held up"),
        (with_a_lift_at_once, "close by"),
        (with_leases_from_the_end_of_a_poll, "late"),
        (with_leases_that_do_not_end, "late"),
        (with_others_who_may_not_have_seen_it, "late crowd"),
        (with_a_look_at_the_row_that_locks_nothing, "crowd held up"),
    ],
)
def test_with_shorter_times_some_reader_gets_old_data(
    weaken: Callable[[pytest.MonkeyPatch], None], habits: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weaken(monkeypatch)
    with pytest.raises(AssertionError, match="was owed"):
        play_all(is_shared=True, plays=MANY_PLAYS, **HABITS[habits])
