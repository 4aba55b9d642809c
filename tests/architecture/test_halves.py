"""Every test runs in at least one half of `make test`, and in only one if its mark says so."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT
from tests.commands import run_to_end

pytestmark = pytest.mark.without_engine

MARKED = """
import pytest

def test_unmarked(): ...

@pytest.mark.any_engine
def test_any_engine(): ...

@pytest.mark.clients
def test_clients(): ...

@pytest.mark.without_engine
def test_without_engine(): ...
"""
ALL = {"unmarked", "any_engine", "clients", "without_engine"}
BOTH = [{"unmarked", "without_engine"}, {"unmarked", "any_engine", "clients"}]


def selections(folder: Path, *, servers: bool, clients: bool) -> tuple[list[str], int]:
    """Run scripts/test.sh where these are installed or not, with a python that runs nothing.

    Return the expression that selects the tests of each half that would run, and the exit code.
    """
    outcomes = {"prepare-servers.sh": servers, "prepare-clients.sh": clients, "prepare-deployments.sh": True}
    programs = {f"scripts/{name}": f"exit {0 if is_there else 1}" for name, is_there in outcomes.items()}
    programs["bin/python"] = r"""printf '%s\0' PYTHON: "$@" """
    for name, text in programs.items():
        program = folder / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
        program.chmod(0o755)
    shutil.copy(ROOT / "scripts/test.sh", folder / "scripts")
    finished = subprocess.run(
        [folder / "scripts/test.sh"],
        env={**os.environ, "VENV": str(folder), "PYTEST_ARGS": ""},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    calls = [call.split("\0") for call in finished.stdout.split("PYTHON:\0")[1:]]
    # Python's own `-m` comes first.
    return [call[len(call) - call[::-1].index("-m")] for call in calls], finished.returncode


def collected(expression: str, folder: Path) -> set[str]:
    """Return the marks of the tests that pytest selects with `-m EXPRESSION`."""
    test = folder / "test_marked.py"
    test.write_text(MARKED, "utf-8")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Nothing else of the suite takes part, nor do plug-ins, which take long to import.
    options = ["-c", os.devnull, f"--rootdir={folder}", "--noconftest", "-p", "no:cacheprovider", "-W", "ignore"]
    command = [sys.executable, "-m", "pytest", *options, "--collect-only", "-q", "-m", expression, str(test)]
    environment = {**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return set(re.findall(r"::test_(\w+)$", run_to_end(*command, folder=folder, environment=environment), re.M))


@pytest.mark.parametrize(
    ("servers", "clients", "halves"),
    [
        (True, True, BOTH),
        (False, True, [ALL]),
        (True, False, [each - {"clients"} for each in BOTH]),
        (False, False, [ALL - {"clients"}]),
    ],
)
def test_marks_keep_a_test_from_one_half_only(
    tmp_path: Path, servers: bool, clients: bool, halves: list[set[str]]
) -> None:
    expressions, code = selections(tmp_path, servers=servers, clients=clients)
    assert [collected(each, tmp_path) for each in expressions] == halves
    assert (code == 0) == (servers and clients)
