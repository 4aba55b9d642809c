from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import SimpleNamespace

import pytest

from tests.unit.executing import World
from tests.unit.grouping import TIMEOUT, Stage
from walletsvc.commands import execute as executing
from walletsvc.commands import group_commit, lock_order, runner


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


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(runner, "Ledger", world.open_ledger)
    monkeypatch.setattr(runner, "durably", world.durably)
    monkeypatch.setattr(runner, "Attempt", lambda **_: world)
    monkeypatch.setattr(runner, "transaction", world)
    monkeypatch.setattr(executing, "connection", SimpleNamespace(in_atomic_block=False))
    monkeypatch.setattr(runner, "drop_useless_connection", world.dropped.append)
    queue = SimpleNamespace(
        run=world.queue, is_idle=lambda *, besides: {besides} >= world.lanes, has_lane=world.lanes.__contains__
    )
    monkeypatch.setattr(executing, "_queue", queue)
    monkeypatch.setattr(lock_order.statements, "can_skip_locked", lambda: True)
    return world
