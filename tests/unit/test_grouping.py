"""The queue behind shared transactions: who leads, who is served, and that no caller is left behind."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.grouping import TIMEOUT, Hand, Stage, results
from walletsvc import errors
from walletsvc.commands import group_commit
from walletsvc.commands.group_commit import GROUP_SIZE

pytestmark = pytest.mark.without_engine


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


def test_a_queue_tells_who_is_at_work(stage: Stage, busy: threading.Event) -> None:
    mine, other = (Hand(key, stage.alone, stage.together) for key in ("", "other"))
    assert (stage.queue.has_lane(mine), stage.queue.has_lane(other)) == (True, False)
    assert (stage.queue.is_idle(besides=mine), stage.queue.is_idle(besides=other)) == (True, False)
    busy.set()
    for _ in range(TIMEOUT * 1000):
        if stage.queue.is_idle(besides=other):
            break
        threading.Event().wait(0.001)
    assert not stage.queue.has_lane(mine)
