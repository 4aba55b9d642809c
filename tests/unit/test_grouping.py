"""The queue behind shared transactions: who leads, who is served, and that no caller is left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from walletsvc import errors
from walletsvc.commands import group_commit
from walletsvc.commands.group_commit import GROUP_SIZE, Queue, Worker

pytestmark = pytest.mark.without_engine

TIMEOUT = 30


Together = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True)
class Hand(Worker[Any, Any]):
    """Those of equal keys may work together."""

    key: str
    do_alone: Callable[[Any], Any] = field(compare=False)
    do_together: Together = field(compare=False)

    def alone(self, job: Any) -> Any:
        return self.do_alone(job)

    def together(self, jobs: Sequence[Any]) -> Any:
        return self.do_together(jobs)


class Stage:
    """A queue, a thread for each caller, and a record of the jobs that ran together."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self.queue: Queue[Any, Any] = Queue()
        self.pool = pool
        self.done: list[list[Any]] = []

    def alone(self, job: Any) -> Any:
        self.done.append([job])
        return job() if callable(job) else job

    def together(self, jobs: Sequence[Any]) -> list[Any]:
        self.done.append(list(jobs))
        return list(jobs)

    def call(self, job: Any, *, key: str = "", together: Together | None = None) -> Future[Any]:
        return self.pool.submit(self.run, key, job, together)

    def run(self, key: str, job: Any, together: Together | None) -> Any:
        outcome, _was_alone = self.queue.run(Hand(key, self.alone, together or self.together), job)
        return outcome

    def waiting(self, key: str = "") -> int:
        lane = self.queue._lanes.get(Hand(key, self.alone, self.together))
        return len(lane.waiting) if lane else -1

    def until(self, number: int, key: str = "") -> None:
        for _ in range(TIMEOUT * 1000):
            if self.waiting(key) == number:
                return
            threading.Event().wait(0.001)
        raise AssertionError(f"{self.waiting(key)} are waiting, not {number}")

    def call_all(self, jobs: Sequence[Any], **rest: Any) -> list[Future[Any]]:
        """Let callers come one after the other, while someone is at work."""
        futures = []
        for number, job in enumerate(jobs, start=1):
            futures.append(self.call(job, **rest))
            self.until(number, rest.get("key", ""))
        return futures


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", TIMEOUT)
    with ThreadPoolExecutor(64) as pool:
        yield Stage(pool)


@pytest.fixture
def busy(stage: Stage) -> Iterator[threading.Event]:
    """Let somebody be at work until the event is set."""
    event = threading.Event()
    leader = stage.call(partial(event.wait, TIMEOUT))
    stage.until(0)
    stage.done.clear()
    yield event
    event.set()
    leader.result(TIMEOUT)
    assert stage.queue._lanes == {}


def results(futures: Sequence[Future[Any]]) -> list[Any]:
    return [future.exception(TIMEOUT) or future.result(TIMEOUT) for future in futures]


def test_one_by_one_each_is_alone(stage: Stage) -> None:
    assert [stage.call(job).result(TIMEOUT) for job in "abc"] == ["a", "b", "c"]
    assert stage.done == [["a"], ["b"], ["c"]]
    assert stage.queue._lanes == {}


def test_callers_that_arrive_meanwhile_are_served_together(stage: Stage, busy: threading.Event) -> None:
    futures = stage.call_all("abc")
    busy.set()
    assert results(futures) == ["a", "b", "c"]
    assert stage.done == [["a", "b", "c"]]


def test_a_group_has_a_limit(stage: Stage, busy: threading.Event) -> None:
    futures = stage.call_all([str(number) for number in range(GROUP_SIZE + 3)])
    busy.set()
    assert results(futures) == [str(number) for number in range(GROUP_SIZE + 3)]
    assert list(map(len, stage.done)) == [GROUP_SIZE, 3]


def test_other_keys_do_not_wait(stage: Stage, busy: threading.Event) -> None:
    assert stage.call("other", key="other").result(TIMEOUT) == "other"


def test_a_caller_learns_whether_it_was_alone(stage: Stage, busy: threading.Event) -> None:
    hand = Hand("other", stage.alone, stage.together)
    assert stage.queue.run(hand, "a") == ("a", True)
    companions = [stage.pool.submit(stage.queue.run, replace(hand, key=""), job) for job in "bc"]
    stage.until(2)
    busy.set()
    assert sorted(results(companions)) == [("b", False), ("c", False)]


def test_a_lone_leader_that_dies_hands_over(stage: Stage) -> None:
    event = threading.Event()

    def die() -> None:
        event.wait(TIMEOUT)
        raise SystemExit

    leader = stage.call(die)
    stage.until(0)
    futures = stage.call_all("ab")
    event.set()
    assert isinstance(leader.exception(TIMEOUT), SystemExit)
    assert results(futures) == ["a", "b"]


def test_a_dead_leader_leaves_no_caller_waiting(stage: Stage, busy: threading.Event) -> None:
    def die(_jobs: Sequence[Any]) -> None:
        raise KeyboardInterrupt

    futures = stage.call_all("abc", together=die)
    busy.set()
    first, *others = results(futures)
    assert isinstance(first, KeyboardInterrupt)
    assert list(map(type, others)) == [errors.Unavailable] * 2


def test_a_leader_that_does_not_come_back_is_replaced(
    stage: Stage, busy: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.025)
    assert stage.call("late").result(TIMEOUT) == "late"
    assert stage.call("later").result(TIMEOUT) == "later"
    assert not busy.is_set()


def test_a_caller_that_takes_over_leads_the_others_too(
    stage: Stage, busy: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.25)
    first = stage.call("a")
    stage.until(1)
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", TIMEOUT)
    futures = [first, stage.call("b"), stage.call("c")]
    assert results(futures) == ["a", "b", "c"]
    assert stage.done == [["a", "b", "c"]]
    assert not busy.is_set()


def test_no_caller_waits_forever_for_a_group(
    stage: Stage, busy: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(group_commit, "GIVE_UP_SECONDS", 0.1)
    stuck = threading.Event()

    def hang(jobs: Sequence[Any]) -> list[Any]:
        stuck.wait(TIMEOUT)
        return stage.together(jobs)

    futures = stage.call_all("ab", together=hang)
    busy.set()
    assert isinstance(futures[1].exception(TIMEOUT), errors.Unavailable)
    stuck.set()
    assert futures[0].result(TIMEOUT) == "a"


def test_a_member_of_a_slow_group_waits_for_its_outcome(
    stage: Stage, busy: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PATIENCE_SECONDS", 0.2)
    slow = threading.Event()

    def take_long(jobs: Sequence[Any]) -> list[Any]:
        slow.wait(TIMEOUT)
        return stage.together(jobs)

    futures = stage.call_all("ab", together=take_long)
    busy.set()
    with pytest.raises(TimeoutError):
        futures[1].exception(0.5)
    slow.set()
    assert results(futures) == ["a", "b"]


def test_a_caller_may_have_less_patience_than_others(stage: Stage, busy: threading.Event) -> None:
    hand = Hand("", stage.alone, stage.together)
    impatient = stage.pool.submit(stage.queue.run, hand, "a", patience_seconds=0.01)
    assert impatient.result(TIMEOUT / 2) == ("a", True)
    assert not busy.is_set()


def test_a_group_has_an_outcome_each(stage: Stage, busy: threading.Event) -> None:
    futures = stage.call_all("abc", together=lambda jobs: jobs[:2])
    busy.set()
    first, second, third = results(futures)
    assert isinstance(first, ValueError)
    assert second == "b"
    assert isinstance(third, errors.Unavailable)


class Interrupted:
    """A lock whose waiter is interrupted the second time: the first is its own making."""

    waits = False

    def __init__(self) -> None:
        self.calls = 0
        self.released = threading.Event()

    def acquire(self, **_options: Any) -> bool:
        self.calls += 1
        if self.calls == 2:
            if self.waits:
                self.released.wait(TIMEOUT)
            raise KeyboardInterrupt
        return True

    def release(self) -> None:
        self.released.set()


class InterruptedAsItIsWoken(Interrupted):
    waits = True


def call_interrupted(stage: Stage, lock: type[Interrupted], monkeypatch: pytest.MonkeyPatch) -> Future[Any]:
    """Let a caller come and wait, or be interrupted at once."""
    made = threading.Event()

    def make() -> Interrupted:
        made.set()
        return lock()

    with monkeypatch.context() as patch:
        patch.setattr(group_commit, "threading", SimpleNamespace(Lock=make))
        future = stage.call("a")
        assert made.wait(TIMEOUT)
    return future


def test_a_waiter_that_is_interrupted_is_not_missed(
    stage: Stage, busy: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = call_interrupted(stage, Interrupted, monkeypatch)
    assert isinstance(interrupted.exception(TIMEOUT), KeyboardInterrupt)
    futures = stage.call_all("bc")
    busy.set()
    assert results(futures) == ["b", "c"]
    assert stage.done == [["b", "c"]]


@pytest.mark.parametrize("others", ["", "bc"])
def test_a_caller_interrupted_as_it_becomes_leader_hands_over(
    stage: Stage, busy: threading.Event, monkeypatch: pytest.MonkeyPatch, others: str
) -> None:
    interrupted = call_interrupted(stage, InterruptedAsItIsWoken, monkeypatch)
    stage.until(1)
    futures = [stage.call(job) for job in others]
    stage.until(1 + len(others))
    busy.set()
    assert isinstance(interrupted.exception(TIMEOUT), KeyboardInterrupt)
    assert sorted(results(futures)) == list(others)
    stage.until(-1)
