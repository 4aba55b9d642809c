"""The sweep of holds that have expired leaves time to others."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from walletsvc.server import sweeper

pytestmark = pytest.mark.without_engine


def test_it_rests_after_each_transaction_twice_as_long_as_that_took(monkeypatch: pytest.MonkeyPatch) -> None:
    now, rests = [100.0], []

    def sleep(seconds: float) -> None:
        rests.append(round(seconds, 6))
        now[0] += seconds

    def sweep() -> Iterator[int]:
        for took in (0.25, 0.0625, 30.0, 0.5):
            now[0] += took
            yield 200

    monkeypatch.setattr(sweeper, "time", SimpleNamespace(monotonic=lambda: now[0], sleep=sleep))
    monkeypatch.setattr(sweeper, "sweep", sweep)
    monkeypatch.setattr(sweeper, "close_old_connections", lambda: None)
    sweeper.sweep_once()
    # But not for long after one that others kept waiting.
    assert rests == [0.5, 0.125, 1.0, 1.0]
