"""Run one operation, from its text to the bytes of its answer. Queries go through the stamped cache."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
from graphql import GraphQLError, get_operation_ast
from graphql.language import OperationType

from graphql_api import documents, persisted
from graphql_api.answers import Answer, encode, execute, refuse
from graphql_api.context import Context
from graphql_api.costs import check_cost
from graphql_api.documents import Document
from graphql_api.errors import INTERNAL_ERROR, VALIDATION_FAILED
from graphql_api.limits import LimitExceeded
from graphql_api.requests import GraphQLRequest, Refused
from graphql_api.schema import schema
from graphql_api.writing import prepare
from walletsvc.cache import responses
from walletsvc.errors import TooBroad
from walletsvc.money import ScientificDecimal
from walletsvc.principals import Principal
from walletsvc.telemetry.metrics import COMPILED
from walletsvc.telemetry.requests import note_operation
from walletsvc.telemetry.traces import CACHE, PLAN, span
from walletsvc.web.limits import units_of
from walletsvc.web.replays import Reading

Pay = Callable[[int], None]
"""Charges so many units for a whole request. Raises `RateLimited`."""


def free_of_charge(_units: int) -> None:
    """Charge nothing."""


def answer(request: GraphQLRequest, *, principal: Principal, read_only: bool, pay: Pay = free_of_charge) -> Answer:
    """Run the operation that `request` names, once `pay` has charged for it.

    Raises `Refused`: 400 if there is no document, 405 if it is more than a query and `read_only` is set; and what
    `pay` raises.
    """
    try:
        text = persisted.find_text(request, owner=principal.owner)
        if text is None:
            raise Refused(400, "malformed", "There is no `query` in the request.")
        with span(PLAN):
            document = documents.load(schema._schema, text)
    except GraphQLError as error:
        return refuse(error)
    if not document.errors:
        persisted.remember(request, owner=principal.owner)
    operation = get_operation_ast(document.ast, request.operation_name)
    if operation is None:
        return refuse(_unknown_operation(request.operation_name))
    is_query = operation.operation is OperationType.QUERY
    note_operation(
        document.name(schema._schema, request.operation_name),
        is_write=operation.operation is OperationType.MUTATION,
    )
    try:
        variables = document.read_variables(schema._schema, request.operation_name, request.variables)
    except LimitExceeded as error:
        return refuse(error)
    # A variable that the operation does not declare must not change the key: it does not change the answer.
    inputs = document.inputs[request.operation_name]
    declared = {name: value for name, value in variables.items() if name in inputs}
    has_more = len(declared) < len(variables)
    request = replace(request, query=text, variables=declared)
    if operation.operation is OperationType.SUBSCRIPTION:
        message = "Subscriptions are served by the live server, over a WebSocket or as server-sent events."
        return refuse(GraphQLError(message, extensions={"code": VALIDATION_FAILED}))
    if read_only and not is_query:
        raise Refused(405, "method_not_allowed", "GET is for queries only.", headers={"Allow": "POST"})
    units = _count_units(request, document)
    pay(units)
    if is_query:
        answered = _answer_query(request, document, principal)
        # Otherwise requests that differ only in such variables would each be remembered.
        reading = None if has_more or answered.reading is None else replace(answered.reading, units=units)
        return replace(answered, reading=reading)
    prepared = prepare(request, document, principal)
    return execute(request, Context(principal)) if prepared is None else prepared.run()


def _count_units(request: GraphQLRequest, document: Document) -> int:
    """Return how many units a document counts for; 1 for one that will be refused."""
    if document.errors:
        return 1
    try:
        return units_of(
            check_cost(document.cost(schema._schema, request.operation_name), document.values(request.variables))[
                "requested"
            ]
        )
    except LimitExceeded:
        return 1


def _answer_query(request: GraphQLRequest, document: Document, principal: Principal) -> Answer:
    parts = [principal.reach, request.query or "", request.operation_name or "", repr(_canonical(request.variables))]
    key, stamps = (
        responses.make_key("graphql", *parts),
        document.dependencies.stamps(document.values(request.variables), owner=principal.owner),
    )
    again = _Again(request.query or "", request.operation_name, pickle.dumps(request.variables), principal)
    reading = Reading(key, stamps, "", again)
    with span(CACHE):
        found = responses.look_up(key, stamps=stamps)
    if found.response is not None:
        return Answer(found.response, reading=reading, etag=found.etag)
    answered = responses.build_after(found, partial(_run_query, request, document, principal))
    if not answered.is_flawless:
        return answered
    return replace(answered, reading=reading, etag=responses.keep(found, answered.body))


@dataclass(frozen=True, slots=True)
class _Again:
    """A query that was answered before, kept as text: parsed, it would take many times as many bytes."""

    query: str
    operation_name: str | None
    variables: bytes
    principal: Principal

    def __call__(self) -> bytes:
        """Return the answer. Raises `Refused` if it has an error this time."""
        variables = pickle.loads(self.variables)  # noqa: S301 - made by this process, which it never leaves
        document = documents.load(schema._schema, self.query)
        request = GraphQLRequest(self.query, variables, self.operation_name, {})
        answered = _run_query(request, document, self.principal)
        if not answered.is_flawless:
            raise Refused(200, INTERNAL_ERROR, "There is an error in the answer now.")
        return answered.body


def _run_query(request: GraphQLRequest, document: Document, principal: Principal) -> Answer:
    refused: dict[str, TooBroad] = {}
    compiled = _run_compiled(request, document, principal, refused)
    return compiled or execute(request, Context(principal, refused=refused))


def _run_compiled(
    request: GraphQLRequest, document: Document, principal: Principal, refused: dict[str, TooBroad]
) -> Answer | None:
    """Return the answer to a query that could be compiled and ran without an error, or what it `refused`."""
    if document.errors:
        return None
    name = request.operation_name
    compiled = document.query(schema._schema, name)
    if compiled is None:
        COMPILED.add("not compilable")
        return None
    try:
        cost = check_cost(document.cost(schema._schema, name), document.values(request.variables))
    except LimitExceeded as error:
        return refuse(error)
    data = compiled.run(request.variables, principal, literals=document.literals.arguments, refused=refused)
    COMPILED.add("failed" if data is None else "compiled")
    return None if data is None else Answer(encode({"data": orjson.Fragment(data), "extensions": {"cost": cost}}))


def _canonical(value: Any) -> Any:
    """Return a form of `value` whose repr two JSON values share only if every resolver treats them alike."""
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    return ("scientific", str(value)) if isinstance(value, ScientificDecimal) else value


def _unknown_operation(name: str | None) -> GraphQLError:
    message = f"There is no operation {name[:64]!r}." if name else "There are several operations: name one."
    return GraphQLError(message, extensions={"code": VALIDATION_FAILED})
