"""`pytest --cov` measures, also where pytest-xdist shares the tests out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.commands import run_to_end
from tests.live import ROOT

pytestmark = pytest.mark.without_engine

# Only these: the other plug-ins take longer to import than the test takes.
PLUGINS = ["pytest_cov.plugin", "xdist.plugin", "pytest_django.plugin", "pytest_timeout"]
TEST = """
from walletsvc.money import parse_currency

def test_it():
    assert parse_currency("JPY") == "JPY"
"""


def test_coverage_is_measured_in_the_workers_too(tmp_path: Path) -> None:
    report, test = tmp_path / "coverage.json", tmp_path / "test_it.py"
    test.write_text(TEST, "utf-8")
    # The settings of pytest-xdist and of a measured run are not for this one.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    options = [
        *("--noconftest", f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}"),
        *(f"-p{name}" for name in PLUGINS),
        *("--cov=walletsvc", "--cov=rest_api", "--cov=graphql_api", f"--cov-report=json:{report}"),
        "--numprocesses=1",
    ]
    environment = {**inherited, "COVERAGE_FILE": str(tmp_path / "data"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    run_to_end(*command, folder=ROOT, environment=environment, timeout_seconds=240)
    found = json.loads(report.read_text("utf-8"))
    assert found["meta"]["branch_coverage"] is True
    assert found["files"]["walletsvc/money.py"]["functions"]["parse_currency"]["executed_lines"]
    # Modules that no test has imported count too.
    assert {name.partition("/")[0] for name in found["files"]} == {"walletsvc", "rest_api", "graphql_api"}
    assert not [name for name in found["files"] if "/migrations/" in name]
