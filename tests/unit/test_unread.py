"""The limits of connections whose client reads nothing: where they are set, and for how long they are tried."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from walletsvc.server import overdue, tcp, unread
from walletsvc.server.overdue import Watch
from walletsvc.server.unread import UNREAD_SECONDS, Unread

pytestmark = pytest.mark.without_engine

PORT, EXPORTER = 8000, 9000


class Kernel:
    """Has the ports in `open`, and notes what is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open: list[int] = []
        self.asked: list[tuple[float, int | None]] = []
        monkeypatch.setattr(tcp, "is_known", lambda: True)
        monkeypatch.setattr(tcp, "end_unread", self.end_unread)

    def end_unread(self, seconds: float, *, most_bytes: int | None = None) -> Collection[int]:
        self.asked.append((seconds, most_bytes))
        return self.open


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def test_limits_are_set_until_the_port_has_them(kernel: Kernel) -> None:
    limits = Unread(PORT, most_bytes=1000)
    # A worker that is started again has the exporter's port from the beginning.
    kernel.open = [EXPORTER]
    assert not limits.limit()
    kernel.open = [EXPORTER, PORT]
    assert limits.limit()
    assert limits.limit()
    assert kernel.asked == [(UNREAD_SECONDS, 1000)] * 2


def test_another_port_than_the_settings_say_is_not_waited_for(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unread, "_MOST_LOOKS", 3)
    limits = Unread(PORT)
    assert [limits.limit() for _ in range(5)] == [False, False, True, True, True]
    assert len(kernel.asked) == 3


def test_nothing_is_done_where_the_system_shows_nothing(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "is_known", lambda: False)
    assert Unread(PORT).limit()
    assert kernel.asked == []


def test_the_web_server_limits_them(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue.settings, "PORT", PORT)
    kernel.open = [PORT]
    watch = Watch(overdue.Reading(), overdue.Places(1), lambda _scope, _start: [])
    for _ in range(3):
        watch.look()
    assert kernel.asked == [(UNREAD_SECONDS, None)]
