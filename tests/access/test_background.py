"""Work in the background begins at once, is done again, survives its failures, and ends with its process."""

from __future__ import annotations

import multiprocessing
import time
from queue import Queue
from typing import Any

import pytest

from walletsvc.access.background import Background

pytestmark = pytest.mark.without_engine

PATIENCE_SECONDS = 30


def test_work_is_done_at_once_and_at_intervals() -> None:
    done: Queue[int] = Queue()
    background = Background(lambda: done.put(1), seconds=0.01, name="t")
    background.start()
    for _ in range(3):
        done.get(timeout=PATIENCE_SECONDS)
    background.stop()


def test_work_is_done_on_demand_also_after_it_has_failed() -> None:
    done: Queue[int] = Queue()

    def work() -> None:
        done.put(1)
        raise ValueError

    background = Background(work, seconds=3600, name="t")
    background.hurry()
    assert done.empty()
    background.start()
    done.get(timeout=PATIENCE_SECONDS)
    for _ in range(3):
        background.hurry()
        done.get(timeout=PATIENCE_SECONDS)
    background.stop()


def test_it_does_not_wait_long_for_work_that_hangs() -> None:
    may_end: Queue[int] = Queue()
    background = Background(may_end.get, seconds=3600, name="t")  # type: ignore[arg-type]
    background.start()
    began = time.monotonic()
    background.stop()
    assert time.monotonic() - began < PATIENCE_SECONDS
    may_end.put(1)


def test_a_forked_process_works_too_and_ends() -> None:
    fork = multiprocessing.get_context("fork")
    done: Any = fork.SimpleQueue()
    background = Background(lambda: done.put(multiprocessing.current_process().pid), seconds=3600, name="t")
    background.start()
    mine = done.get()
    child = fork.Process(target=time.sleep, args=[0.5])
    child.start()
    theirs = done.get()
    child.join(PATIENCE_SECONDS)
    background.stop()
    assert (child.exitcode, theirs != mine) == (0, True)
