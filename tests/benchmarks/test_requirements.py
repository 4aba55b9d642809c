"""`make bench` installs what the benchmarks import: other tests run where all tools of development are installed."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = [*(ROOT / "benchmarks").rglob("*.py"), *(ROOT / "tests/servers").glob("*.py")]
LOCKS = ["base", "mysql", "bench"]


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level packages that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_all_that_the_benchmarks_import_is_locked_for_them() -> None:
    locked = {
        name.lower().replace("_", "-")
        for lock in LOCKS
        for name in re.findall(r"^([\w.-]+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE)
    }
    own = {path.stem if path.is_file() else path.name for path in ROOT.iterdir()} | sys.stdlib_module_names
    others = {name for path in CODE for name in imported(path)} - own
    distributions = packages_distributions()
    assert "django" in others
    assert not {
        name
        for name in others
        if not locked & {each.lower().replace("_", "-") for each in distributions.get(name, [])}
    }
