"""Find in a syntax tree what only the ledger may do: write what a wallet has, or create an entry.

Only direct writes are found. A name that is built at run time escapes, as it would escape a reviewer.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import called_name, names_in

_FUNDS = {"balance", "held", "floor", "available"}
"""The columns that an entry explains, all called a balance here."""
_SETTERS = {
    "Wallet",
    "aupdate",
    "bulk_create",
    "bulk_update",
    "create",
    "get_or_create",
    "save",
    "setattr",
    "update",
    "update_or_create",
}
_MAKERS = {"acreate", "add", "bulk_create", "abulk_create", "create", "get_or_create", "update_or_create"}
# Where a table's name is put in at run time, there is a "{}"; where it is added, the text ends before it.
_STATEMENT = re.compile(
    r"""\b(?:update|insert\s+into|replace\s+into|insert\s+or\s+\w+\s+into)\s+
        (?:["`]?walletsvc_(?:wallet|entry)\b|\{\}|$)""",
    re.IGNORECASE | re.VERBOSE,
)


def find_ledger_writes(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return the line of each write, and a description."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in _FUNDS:
            yield node.lineno, "assigns a balance"
        elif isinstance(node, ast.Call):
            if called_name(node) in _SETTERS and _mentions_balance(node):
                yield node.lineno, "sets a balance"
            if _makes_entry(node):
                yield node.lineno, "makes an entry"
        elif _is_statement(node):
            yield node.lineno, "writes by a statement"


def _mentions_balance(call: ast.Call) -> bool:
    for argument in [*call.args, *call.keywords]:
        for node in ast.walk(argument):
            if isinstance(node, ast.keyword) and node.arg in _FUNDS:
                return True
            if isinstance(node, ast.Constant) and node.value in _FUNDS:
                return True
    return False


def _makes_entry(call: ast.Call) -> bool:
    *owners, name = names_in(call.func) or [""]
    return name == "Entry" or (name in _MAKERS and bool({"Entry", "entries"} & set(owners)))


def _is_statement(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        return bool(_STATEMENT.search("".join(map(str, parts))))
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_STATEMENT.search(node.value))
