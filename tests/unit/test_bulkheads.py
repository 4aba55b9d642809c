"""Who may wait for what others have locked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError

from walletsvc import errors
from walletsvc.commands.bulkheads import _MAX_STATES, RECENT_SECONDS, Bulkhead

pytestmark = pytest.mark.without_engine

TIMEOUT = 30
SECONDS = 0.5


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bulkhead(clock: Clock) -> Bulkhead:
    return Bulkhead(seconds=SECONDS, groups_join=False, clock=clock, places=2)


def fail_after(bulkhead: Bulkhead, clock: Clock, seconds: float, key: object = 1) -> None:
    """Wait in vain for so long."""

    def wait() -> None:
        clock.now += seconds
        raise OperationalError(1205, "Lock wait timeout exceeded")

    with pytest.raises(OperationalError), bulkhead.place([key]):
        wait()


def test_there_are_places_for_some_of_each_key(bulkhead: Bulkhead, clock: Clock) -> None:
    with bulkhead.place([1]), bulkhead.place([1]):
        clock.now += SECONDS
        with pytest.raises(errors.Conflict), bulkhead.place([1]):
            pass
        with pytest.raises(errors.Conflict):
            bulkhead.check([2, 1])
        bulkhead.check([2])
        with bulkhead.place([2]):
            pass
        # Nobody keeps one while it has no place of the other.
        with pytest.raises(errors.Conflict), bulkhead.place([1, 2]):
            pass
        with bulkhead.place([2]), bulkhead.place([2]):
            pass
    assert bulkhead.is_idle
    bulkhead.check([1])


def test_who_comes_while_there_is_movement_waits_for_a_place(bulkhead: Bulkhead) -> None:
    entered = threading.Event()

    def enter() -> str:
        with bulkhead.place([1]):
            entered.set()
            return "done"

    with ThreadPoolExecutor(1) as pool:
        with bulkhead.place([1]), bulkhead.place([1]):
            waiting = pool.submit(enter)
            assert not entered.wait(0.1)
        assert waiting.result(TIMEOUT) == "done"


def test_what_was_waited_for_in_vain_stands_still_for_those_who_come_next(bulkhead: Bulkhead, clock: Clock) -> None:
    fail_after(bulkhead, clock, 3)
    clock.now += RECENT_SECONDS / 2
    # Two may find out whether it moves again, and the third does not wait with them.
    with bulkhead.place([1]), bulkhead.place([1]), pytest.raises(errors.Conflict), bulkhead.place([1]):
        pass
    assert bulkhead.is_idle


def test_a_quick_error_is_no_standstill(bulkhead: Bulkhead, clock: Clock) -> None:
    fail_after(bulkhead, clock, SECONDS / 2)
    assert bulkhead.is_idle


def test_a_standstill_is_forgotten(bulkhead: Bulkhead, clock: Clock) -> None:
    fail_after(bulkhead, clock, 3)
    clock.now += RECENT_SECONDS + 1
    with bulkhead.place([1], is_group=True):
        bulkhead.check([1])


def test_a_group_does_not_wait_with_others(bulkhead: Bulkhead, clock: Clock) -> None:
    with bulkhead.place([1]), pytest.raises(errors.Conflict), bulkhead.place([1], is_group=True):
        pass
    with bulkhead.place([1], is_group=True), bulkhead.place([1]):
        pass
    fail_after(bulkhead, clock, 3)
    with pytest.raises(errors.Conflict), bulkhead.place([1], is_group=True):
        pass


def test_groups_may_join_those_who_make_progress(clock: Clock) -> None:
    bulkhead = Bulkhead(seconds=SECONDS, groups_join=True, clock=clock, places=2)
    with bulkhead.place([1]), bulkhead.place([1], is_group=True):
        pass
    fail_after(bulkhead, clock, 3)
    with pytest.raises(errors.Conflict), bulkhead.place([1], is_group=True):
        pass


def test_without_places_everybody_passes(clock: Clock) -> None:
    bulkhead = Bulkhead(seconds=SECONDS, groups_join=False, clock=clock)
    with bulkhead.place([1]), bulkhead.place([1]), bulkhead.place([1], is_group=True):
        assert bulkhead.is_idle


def test_what_is_remembered_is_bounded(bulkhead: Bulkhead, clock: Clock) -> None:
    for number in range(_MAX_STATES + 100):
        fail_after(bulkhead, clock, 3, key=number)
    assert len(bulkhead._states) <= _MAX_STATES + 1
