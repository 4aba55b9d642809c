"""`make mutants` sees a mutant die, and another live."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from pathlib import Path

import pytest

from tests.commands import run_to_end
from tests.live import ROOT
from tests.mutants.__main__ import MODULES
from tests.mutants.verdict import judge, read_kinds, read_listed

pytestmark = pytest.mark.without_engine

# Only these: the other plug-ins take longer to import than the test takes.
PLUGINS = ["pytest_django.plugin", "pytest_timeout", "tests.mutants.running"]
MODULE = '''
class Purse:
    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing in it."""
        return self.amount == 0

    def add(self, amount: int) -> None:
        self.amount += amount
        self.note(amount)

    def note(self, amount: int) -> None:
        """Do nothing with it."""

def nobody_asks() -> bool:
    return True
'''
TEST = """
from purse import Purse

def test_it():
    purse = Purse()
    purse.amount = 1
    purse.add(2)
    assert purse.amount == 3
    assert not purse.is_empty
"""


def test_mutants_die_and_live(tmp_path: Path) -> None:
    (tmp_path / "purse.py").write_text(MODULE, "utf-8")
    (tmp_path / "test_purse.py").write_text(TEST, "utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    paths = os.pathsep.join([str(ROOT), str(tmp_path)])
    environment = {**inherited, "PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = [
        *("--noconftest", f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"),
        *(f"-p{name}" for name in PLUGINS),
        *("--mutate=purse.py", "--mutants-into=outcomes.json", "test_purse.py"),
    ]
    run_to_end(
        *(sys.executable, "-m", "pytest", *options), folder=tmp_path, environment=environment, timeout_seconds=120
    )
    assert json.loads((tmp_path / "outcomes.json").read_text("utf-8")) == {
        "purse.Purse.is_empty: return self.amount == 0 -> return None": "survived",
        "purse.Purse.is_empty: return self.amount == 0 -> return self.amount != 0": "killed",
        "purse.Purse.is_empty: return self.amount == 0 -> return self.amount == 1": "survived",
        "purse.Purse.add: self.amount += amount -> self.amount = amount": "killed",
        "purse.Purse.add: self.amount += amount -> self.amount -= amount": "killed",
        "purse.Purse.add: self.note(amount) -> pass": "survived",
        "purse.Purse.add: self.note(amount) -> self.note(None)": "survived",
        "purse.nobody_asks: return True -> return None": "unreached",
        "purse.nobody_asks: return True -> return False": "unreached",
    }


def test_survivors_and_listed_mutants_must_be_the_same() -> None:
    outcomes = {"a": "survived", "b": "unreached", "c": "killed", "d": "timeout", "e": "survived"}
    verdict = judge(outcomes, {"c": "It is the same.", "e": "It is the same.", "f": "It is the same."})
    assert verdict.survivors == ["survived  a", "unreached  b"]
    assert verdict.stale == ["killed  c", "there is none  f"]
    assert dict(verdict.counts) == {"survived": 1, "unreached": 1, "killed": 1, "timeout": 1, "equivalent": 1}
    assert not verdict.is_good
    assert judge({"c": "killed", "e": "survived"}, {"e": "It is the same."}).is_good
    assert judge({"c": "killed"}, {"e": "It is the same."}, is_whole=False).is_good


def test_a_kind_of_change_may_live_wherever_it_is_made() -> None:
    outcomes = {
        "a.b: zip(c, d, strict=True) -> zip(c, d, strict=False)": "survived",
        "a.c: zip(c, d, strict=True) -> zip(c, d, )": "survived",
        "a.d: zip(c, d, strict=True) -> zip(c, d, strict=None) (2)": "killed",
        "a.e: zip(c, d, strict=True) -> zip(c, None, strict=True)": "survived",
        "a.f: set(strict=True) -> None": "survived",
    }
    verdict = judge(outcomes, {}, kinds=read_kinds())
    assert [each.split(":")[0] for each in verdict.survivors] == ["survived  a.e", "survived  a.f"]
    assert dict(verdict.counts) == {"equivalent": 2, "killed": 1, "survived": 2}
    assert not verdict.stale


def test_each_that_is_listed_has_a_reason() -> None:
    assert all(reason.endswith(".") for reason in read_listed().values())


def test_each_module_and_its_tests_are_there() -> None:
    named = tomllib.loads(MODULES.read_text("utf-8"))
    assert [path for file, tests in named.items() for path in (file, *tests) if not (ROOT / path).exists()] == []
