"""The queue behind shared transactions, when a caller dies or is interrupted: no other is left behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.grouping import TIMEOUT, Stage, results
from walletsvc import errors
from walletsvc.commands import group_commit

pytestmark = pytest.mark.without_engine


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
