"""Run all operations of a document in one transaction and return their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rest_api.encoder import encode_resources, records_of
from rest_api.errors import Problem, explain
from rest_api.errors import Refused as RefusedRequest
from rest_api.operations.documents import Operation
from rest_api.resource_objects import key_of
from walletsvc import errors
from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute_all
from walletsvc.commands.outcomes import Done, Refused
from walletsvc.principals import Principal

Result = dict[str, Any]
"""A result object (https://jsonapi.org/ext/atomic/#result-objects)."""


def perform_operations(operations: Sequence[Operation], *, principal: Principal, key: str | None = None) -> Done:
    """Run all operations, or none, once for their idempotency `key`, and return what their commands did.

    Raises `rest_api.errors.Refused` with the first refusal, the same that the operation would get alone; its
    pointers lead into the operation. Raises what `durably` raises.
    """
    commands = [_parse(operation, principal) for operation in operations]
    outcome = execute_all(commands, by=principal, key=key)
    if isinstance(outcome, Refused):
        raise _explain(outcome.error, operations[outcome.index]) from outcome.error
    return outcome


def _parse(operation: Operation, principal: Principal) -> Command[Any] | errors.WalletError:
    try:
        return operation.parse(principal)
    except errors.WalletError as refusal:
        # Earlier operations run first, so that the first refusal is the one reported.
        return refusal


def _explain(refusal: errors.WalletError, operation: Operation) -> RefusedRequest:
    explained = explain(refusal, locate=operation.locate)
    problems = [problem if problem.pointer else _place(problem, operation) for problem in explained.problems]
    return RefusedRequest(*problems, headers=explained.headers)


def _place(problem: Problem, operation: Operation) -> Problem:
    missing = problem.code == errors.NotFound.code
    return replace(problem, pointer=operation.target if missing else operation.base)


def show_results(
    operations: Sequence[Operation], written: Sequence[Any], *, principal: Principal, public_url: str
) -> list[Result]:
    """Return the result objects, in which links begin with `public_url`.

    Each resource is shown as the whole batch left it. Reads nothing: the batch is committed.
    """
    # For a resource written twice, the last state counts.
    instances: dict[str, dict[int, Any]] = {}
    for operation, instance in zip(operations, written, strict=True):
        if instance is not None:
            instances.setdefault(operation.endpoint.name, {})[instance.id] = instance
    records = {
        key_of(record): record
        for name, some in instances.items()
        for record in records_of(name, some.values(), principal=principal)
    }
    shown = [
        records[operation.endpoint.name, instance.id]
        for operation, instance in zip(operations, written, strict=True)
        if operation.shows
    ]
    resources = iter(encode_resources(shown, public_url=public_url))
    return [{"data": next(resources)} if operation.shows else {} for operation in operations]
