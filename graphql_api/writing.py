"""Run mutations that are compiled (`mutating.py`), and answer them in front of Django (`web/fast_path.py`)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson
from graphql import GraphQLError

from graphql_api import documents
from graphql_api.answers import Answer, encode, encode_refused, execute, fault
from graphql_api.context import Context
from graphql_api.costs import check_cost
from graphql_api.documents import Document
from graphql_api.limits import LimitExceeded
from graphql_api.mutating import Arguments, CompiledMutation
from graphql_api.requests import JSON_TYPE, GraphQLRequest, Refused, check_members, read_json
from graphql_api.schema import schema
from walletsvc.principals import Principal
from walletsvc.telemetry.metrics import COMPILED
from walletsvc.telemetry.requests import note_operation
from walletsvc.telemetry.traces import PLAN, span
from walletsvc.web.limits import units_of
from walletsvc.web.replays import Written

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A mutation that is ready to run: nothing can be said against its document, its cost or its variables."""

    request: GraphQLRequest
    principal: Principal
    compiled: CompiledMutation
    arguments: Sequence[Arguments]
    cost: dict[str, int]

    def run(self) -> Answer:
        """Run it once and return the answer, with the errors in it."""
        context = Context(self.principal, payloads=self.compiled.payloads)
        data = self.compiled.run(context, self.arguments)
        COMPILED.add("failed" if data is None else "compiled")
        if data is None:
            return replace(execute(self.request, context), is_write=True)
        content = {"data": orjson.Fragment(data), "extensions": {"cost": self.cost}}
        return Answer(encode(content), is_write=True)


def prepare(request: GraphQLRequest, document: Document, principal: Principal) -> Prepared | None:
    """Return the mutation that `request` names, or None if only graphql-core can run or refuse it.

    The request's variables are those of `Document.read_variables`. Runs nothing.
    """
    if document.errors:
        return None
    compiled = document.mutation(schema._schema, request.operation_name)
    if compiled is None:
        COMPILED.add("not compilable")
        return None
    try:
        cost = document.cost(schema._schema, request.operation_name)
        checked = check_cost(cost, document.values(request.variables))
    except LimitExceeded:
        return None
    arguments = compiled.coerce(request.variables, document.literals.arguments)
    return None if arguments is None else Prepared(request, principal, compiled, arguments, checked)


@dataclass(frozen=True, slots=True)
class Mutations:
    """Answers the mutations of a caller without Django, as far as their documents are known and compiled."""

    principal: Principal
    content_type: str

    def __call__(self, body: bytes, _key: str | None, _number: int | None) -> Written | None:
        """Return the answer to the request in `body`, or None, with nothing run, if it is not for this."""
        try:
            prepared = self._prepare(body)
        except (GraphQLError, Refused):
            # Django's view says the same.
            return None
        if prepared is None:
            return None
        try:
            answered = prepared.run().body
        except Exception:
            # It may have run, so Django must not run it again.
            logger.exception("Unforeseen")
            refused, headers = fault(), (("Content-Type", f"{JSON_TYPE}; charset=utf-8"),)
            return Written(refused.status, headers, encode_refused(refused))
        return Written(200, (("Content-Type", self.content_type),), answered)

    def _prepare(self, body: bytes) -> Prepared | None:
        """Return the mutation in `body`, or None if it is not for this. Raises `Refused`, `GraphQLError`."""
        request = check_members(read_json(body))
        text, name = request.query, request.operation_name
        if text is None or request.document_id is not None or request.extensions:
            return None
        with span(PLAN):
            document = documents.find(text)
        if document is None or document.errors or document.mutation(schema._schema, name) is None:
            return None
        variables = document.read_variables(schema._schema, name, request.variables)
        prepared = prepare(replace(request, variables=variables), document, self.principal)
        if prepared is None or units_of(prepared.cost["requested"]) > 1:
            # Only a view charges for more.
            return None
        note_operation(document.name(schema._schema, name), is_write=True)
        return prepared
