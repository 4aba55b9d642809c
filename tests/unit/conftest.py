from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.unit.grouping import TIMEOUT, Stage
from walletsvc.commands import group_commit


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
