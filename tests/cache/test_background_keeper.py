"""The thread that keeps the lease: when it reads the row, who waits for it, and how it ends."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.cache.background_world import A_MOMENT, SOON, Row, World
from walletsvc.cache.lease import UNKNOWN, Agreement, background

pytestmark = pytest.mark.without_engine

NEVER = 3600.0


@pytest.fixture(autouse=True)
def times(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the thread do nothing by itself after its first step, and callers wait for as long as it takes."""
    monkeypatch.setattr(background, "DatabaseRow", Row)
    monkeypatch.setattr(background, "POLL_SECONDS", NEVER)
    monkeypatch.setattr(background, "PATIENCE_SECONDS", SOON)
    monkeypatch.setattr(background.util, "Finalize", lambda *_arguments, **_named: None)


@pytest.fixture
def world(times: None) -> Iterator[World]:
    world = World()
    yield world
    if world.row.gate is not None:
        world.row.gate.release(99)
    world.keeper.stop()


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Return a thread that calls it, and the list that it puts the result into."""
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(call()), daemon=True)
    thread.start()
    return thread, results


# -- reads --------------------------------------------------------------------------------------------------------


def test_it_starts_at_the_first_use(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    finalizers = []
    monkeypatch.setattr(background.util, "Finalize", lambda *args, **named: finalizers.append((args, named)))
    assert world.keeper._thread is None
    world.keeper.start()
    thread = world.thread
    assert (thread.name, thread.daemon, thread.is_alive()) == ("walletsvc-leases", True, True)
    world.keeper.start()
    assert world.thread is thread
    assert finalizers == [((world.keeper, world.keeper.stop), {"exitpriority": 0})]


def test_the_first_caller_gets_a_lease(world: World) -> None:
    state = world.keeper.current()
    assert state is world.keeper.state
    assert state.is_trusted is True
    assert state.valid_until == 1001.0


def test_between_two_reads_is_a_pause(world: World) -> None:
    world.keeper.start()
    assert world.row.begun.acquire(timeout=SOON)
    assert not world.row.begun.acquire(timeout=A_MOMENT)
    world.now += 1.0
    world.keeper.refresh()
    assert world.row.begun.acquire(timeout=SOON)
    assert not world.row.begun.acquire(timeout=A_MOMENT)


def test_after_a_pause_it_reads_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "POLL_SECONDS", 0.001)
    world.keeper.start()
    for _ in range(5):
        assert world.row.begun.acquire(timeout=SOON)


def test_a_caller_without_a_lease_ends_the_pause(world: World) -> None:
    world.keeper.refresh()
    world.now += 1.0
    assert world.keeper.refresh().valid_until == 1002.0


def test_a_read_that_is_under_way_may_be_too_early(world: World) -> None:
    world.row.gate = threading.Semaphore(0)
    world.row.during = lambda number: world.take_a_lease(number) if number == 1 else None
    world.keeper.start()
    assert world.row.begun.acquire(timeout=SOON)
    caller, results = in_thread(world.keeper.refresh)
    wait_until_hurried(world)
    world.row.gate.release()
    assert world.row.begun.acquire(timeout=SOON)
    caller.join(A_MOMENT)
    assert results == []
    world.row.gate.release()
    caller.join(SOON)
    assert results == [world.keeper.state]
    assert world.keeper.state.valid_until == 1002.0


def test_a_caller_goes_on_after_two_reads_without_a_lease(world: World) -> None:
    world.row.gate = threading.Semaphore(0)
    world.row.during = world.take_a_lease
    world.keeper.start()
    assert world.row.begun.acquire(timeout=SOON)
    caller, results = in_thread(world.keeper.refresh)
    wait_until_hurried(world)
    world.row.gate.release(2)
    caller.join(SOON)
    assert results == [world.keeper.state]
    assert world.row.reads == 2


def wait_until_hurried(world: World) -> None:
    """Return when a caller is waiting."""
    while not world.keeper._is_hurried:
        assert not threading.Event().wait(0.001)


def test_a_caller_is_patient_only_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE_SECONDS", 0.01)
    world.row.gate = threading.Semaphore(0)
    assert world.keeper.refresh() is UNKNOWN
    assert world.keeper.current() is UNKNOWN


def test_an_outage_is_told_once(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger=background.logger.name)
    monkeypatch.setattr(background, "POLL_SECONDS", 0.001)
    over = threading.Event()

    def fail(number: int) -> None:
        # Without a lease, and without a change of the row, a step is one read.
        if number in (1, 2, 3, 5, 6):
            raise OSError(f"away {number}")
        if number > 6:
            over.set()

    world.row.during = fail
    world.keeper.start()
    assert over.wait(SOON)
    told = [(record.levelname, record.getMessage()[-6:]) for record in caplog.records]
    assert told == [
        ("WARNING", "away 1"),
        ("DEBUG", "away 2"),
        ("DEBUG", "away 3"),
        ("WARNING", "away 5"),
        ("DEBUG", "away 6"),
    ]


# -- the end ------------------------------------------------------------------------------------------------------


def test_it_gives_the_cache_back_at_the_end(world: World) -> None:
    world.keeper.refresh()
    thread = world.thread
    world.keeper.stop()
    assert thread.is_alive() is False
    assert world.row.is_closed
    assert world.row.agreement == Agreement("identity", 3, is_suspended=False, instance="")
    world.keeper.start()
    assert world.thread is thread


def test_it_ends_after_the_step_that_is_under_way(world: World) -> None:
    world.row.gate = threading.Semaphore(0)
    world.keeper.start()
    assert world.row.begun.acquire(timeout=SOON)
    stopping, _ = in_thread(world.keeper.stop)
    while not world.keeper._is_stopping:
        assert not threading.Event().wait(0.001)
    world.row.gate.release(9)
    stopping.join(SOON)
    assert world.thread.is_alive() is False


def test_it_ends_although_the_cache_cannot_be_given_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise OSError("away")

    world.keeper.refresh()
    monkeypatch.setattr(world.keeper, "give_back", fail)
    world.keeper.stop()
    assert world.row.is_closed


def test_a_thread_that_is_stuck_is_left_behind(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "PATIENCE_SECONDS", 0.01)
    world.row.gate = threading.Semaphore(0)
    world.keeper.start()
    world.keeper.stop()
    assert world.thread.is_alive()


def test_its_own_thread_can_stop_it(world: World) -> None:
    failures: list[Exception] = []

    def stop(_number: int) -> None:
        try:
            world.keeper.stop()
        except RuntimeError as error:
            failures.append(error)

    world.row.during = stop
    world.keeper.start()
    world.thread.join(SOON)
    assert (world.thread.is_alive(), failures) == (False, [])


def test_one_that_never_started_has_nothing_to_end(world: World) -> None:
    world.keeper.stop()
    world.keeper.start()
    assert world.keeper._thread is None


# -- a fork -------------------------------------------------------------------------------------------------------


def test_a_forked_process_begins_anew(world: World) -> None:
    world.keeper.refresh()
    row, condition = world.row, world.keeper._condition
    world.keeper.stop()
    world.keeper.step()
    assert world.keeper.state is not UNKNOWN
    world.keeper._forget_parent()
    assert world.keeper.state is UNKNOWN
    assert world.row is not row
    assert world.keeper._condition is not condition
    # Its connection is the parent's, and is closed there.
    assert background._ABANDONED[-1] is row
    world.row.agreement = world.in_use
    assert world.keeper.current().is_trusted
    assert world.thread.is_alive()


def test_a_fork_does_so_by_itself(world: World) -> None:
    row = world.row
    world.keeper.refresh()
    child = os.fork()
    if not child:
        is_fine = False
        try:
            is_fine = world.keeper.state is UNKNOWN and world.keeper._thread is None and world.row is not row
        finally:
            os._exit(0 if is_fine else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert world.keeper.state.is_trusted
    assert world.row is row
