"""SECURITY.md names a test for each promise: the tests exist."""

from __future__ import annotations

import ast
import re

import pytest

from tests.live import ROOT
from walletsvc.access.key_text import PATTERN

pytestmark = pytest.mark.without_engine

PAGE = (ROOT / "SECURITY.md").read_text()
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)


@pytest.mark.parametrize(("path", "name"), NAMED, ids=["::".join(filter(None, each)) for each in NAMED])
def test_the_named_test_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text())
    functions = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert not name or name in functions


def test_each_promise_names_a_test() -> None:
    section = PAGE.partition("## What is promised")[2].partition("\n## ")[0]
    promises = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert len(promises) > 10
    assert all("`tests/" in promise for promise in promises)


def test_the_pattern_for_scanners_is_that_of_keys() -> None:
    assert f"`{PATTERN}`" in PAGE
