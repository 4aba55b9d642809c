"""The project's modules as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("walletsvc", "rest_api", "graphql_api", "alembic")


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Return the path of each module, as seen from the project's folder, and its tree."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"), str(path))


def called_name(call: ast.Call) -> str:
    """Return the last part of the called name: "update" of `Wallet.objects.update()`."""
    return names_in(call.func)[-1] if names_in(call.func) else ""


def names_in(expression: ast.expr) -> list[str]:
    """Return the names of a chain, from its beginning: Entry, objects, create."""
    if isinstance(expression, ast.Name):
        return [expression.id]
    if isinstance(expression, ast.Attribute):
        return [*names_in(expression.value), expression.attr]
    if isinstance(expression, ast.Call):
        return names_in(expression.func)
    return []
