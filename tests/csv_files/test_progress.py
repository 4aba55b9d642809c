"""How far an import is: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from io import StringIO

import pytest
from django.core.management.base import OutputWrapper

from walletsvc.management import progress
from walletsvc.management.imports import Tally
from walletsvc.management.progress import Progress

pytestmark = pytest.mark.without_engine


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(1000, OutputWrapper(terminal)) as shown:
        shown.show(Tally(posted=500))
        shown.write("line 7: invalid: It is not in UTF-8.")
        shown.show(Tally(posted=998, there=1, refused=1))
    text = terminal.getvalue()
    assert "\rline 7: invalid: It is not in UTF-8.\n" in text
    assert "100%" in text
    assert "1000/1000" in text
    assert "refused=1" in text
    assert text.endswith("\n")


def test_elsewhere_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    out = StringIO()
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    with Progress(30_000, OutputWrapper(out)) as shown:
        for seconds, rows in ((1, 1), (9.9, 2), (10, 3), (12, 1000), (20, 29_999)):
            now = seconds
            shown.show(Tally(posted=rows, refused=1))
        shown.write("line 7: invalid: It is not in UTF-8.")
    assert out.getvalue().splitlines() == [
        "4 of 30,000 rows, 1 refused",
        "30,000 of 30,000 rows, 1 refused",
        "line 7: invalid: It is not in UTF-8.",
    ]
