"""Conventions that a reviewer should not have to check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import models

from tests.architecture.sources import called_name, modules
from walletsvc import errors
from walletsvc.models import Total

pytestmark = pytest.mark.without_engine

FLOATS_ALLOWED = {
    "walletsvc/schema/values.py",  # metadata is JSON, which has them
    "walletsvc/server/draining.py",  # seconds
    "rest_api/negotiation.py",  # the weights of an Accept header
}


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert [path for path, _ in modules() if path.rsplit("/", 1)[-1] in drawers] == []


def test_nothing_happens_by_signals_of_models() -> None:
    forbidden = ("django.db.models.signals", "django.dispatch", "django.core.signals")
    assert [
        (path, module) for path, tree in modules() for module in imported(tree) if module.startswith(forbidden)
    ] == []


def imported(tree: ast.AST) -> Iterator[str]:
    """Return every module that is imported, and every name from one, with its module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_models_are_columns_and_constraints() -> None:
    methods = [
        (path, function.name)
        for path, tree in modules()
        if path.startswith("walletsvc/models/") and path != "walletsvc/models/columns.py"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(methods) >= 4
    assert {name for _, name in methods} == {"__str__"}


def test_no_amount_becomes_a_float() -> None:
    calls = {
        path
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node) == "float" and not isinstance(node.args[0], ast.Constant)
    }
    assert calls == FLOATS_ALLOWED


def test_money_is_kept_as_decimals_of_one_size() -> None:
    fields = [field for model in apps.get_app_config("walletsvc").get_models() for field in model._meta.fields]
    assert [field.name for field in fields if isinstance(field, models.FloatField)] == []
    amounts = [field for field in fields if isinstance(field, models.DecimalField)]
    # A sum of any number of amounts is longer.
    sums = {field for field in amounts if field.model is Total}
    assert {(field.max_digits, field.decimal_places) for field in sums} == {(65, 18)}
    assert {(field.max_digits, field.decimal_places) for field in {*amounts} - sums} == {(38, 18)}
    assert len(amounts) >= 7


def test_every_constraint_and_index_of_ours_has_a_name_that_says_its_table() -> None:
    for model in apps.get_app_config("walletsvc").get_models():
        for each in [*model._meta.constraints, *model._meta.indexes]:
            assert each.name.startswith(f"{model._meta.model_name}_"), each


def test_every_error_has_a_unique_code() -> None:
    codes = [error.code for error in subclasses(errors.WalletError) if error is not errors.Several]
    assert len(codes) >= 20
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


def test_every_error_is_explained() -> None:
    assert [error.__name__ for error in subclasses(errors.WalletError) if not error.__doc__] == []


def subclasses(error: type[errors.WalletError]) -> Iterator[type[errors.WalletError]]:
    for each in error.__subclasses__():
        yield each
        yield from subclasses(each)
