"""The settings that are read are those that are documented: in the README's table and in .env.example."""

from __future__ import annotations

import ast
import re

import pytest

from tests.live import ROOT

pytestmark = pytest.mark.without_engine

FOR_COMPOSE = {"MYSQL_ROOT_PASSWORD"}
FOR_OPENTELEMETRY = {"OTEL_EXPORTER_OTLP_ENDPOINT"}
"""Not settings of ours: OpenTelemetry reads its variables itself (`walletsvc/telemetry/traces.py`)."""


def names_read() -> set[str]:
    """Return the variables that the settings read: the first argument of each call of `env`."""
    tree = ast.parse((ROOT / "walletsvc" / "settings.py").read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            name = node.args[0]
            if (
                isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and isinstance(name, ast.Constant)
            ):
                found.add(str(name.value))
    return found


def test_the_readme_has_a_line_for_each() -> None:
    section = (ROOT / "README.md").read_text().partition("\n## Configuration\n")[2].partition("\n## ")[0]
    documented: set[str] = set()
    for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE):
        names = re.findall("`([^`]+)`", row)
        # `GRAPHQL_MAX_CHARACTERS`, `…_TOKENS`: the same beginning.
        documented |= {name.replace("…", names[0].rpartition("_")[0]) for name in names}
    assert documented - FOR_OPENTELEMETRY == names_read()


def test_the_example_has_a_line_for_each() -> None:
    names = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(names) - FOR_COMPOSE - FOR_OPENTELEMETRY == names_read()
