"""What `walletsvc` says about itself."""

from __future__ import annotations

import sys

import pytest
from django.core.management import get_commands, load_command_class

from walletsvc import command_line

pytestmark = pytest.mark.without_engine

OWN = {"version"}
"""Commands that Django's do not stand for."""
FOR_A_CHECKOUT = {"setup_database"}
"""`setup` is more than this one."""


@pytest.mark.parametrize("arguments", [[], ["help"], ["--help"]])
def test_the_help_lists_all_commands(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["walletsvc", *arguments])
    command_line.walletsvc()
    found = {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")}
    ours = {name for name, app in get_commands().items() if app == "walletsvc"}
    assert found - OWN == ours - FOR_A_CHECKOUT
    assert all(load_command_class("walletsvc", name).help for name in ours)
