"""One subscription, from its text to the texts of its results."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from graphql import ExecutionResult, GraphQLError, get_operation_ast
from graphql.execution import create_source_event_stream
from graphql.execution.execute import execute_subscription_event
from graphql.execution.executor import Executor
from graphql.language import FieldNode, OperationDefinitionNode, OperationType, VariableNode

from graphql_api import documents
from graphql_api.context import Context
from graphql_api.costs import check_cost
from graphql_api.documents import Document
from graphql_api.errors import VALIDATION_FAILED, explain
from graphql_api.execution import encode
from graphql_api.live.feeds import Hub
from graphql_api.planning import Planner
from graphql_api.requests import GraphQLRequest
from graphql_api.schema import schema
from walletsvc.principals import Principal
from walletsvc.reading.records import Record

_RESULTS_KEPT = 1024


class Rejected(Exception):
    """A subscription that does not begin, or does not go on."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__(errors)
        for error in errors:
            explain(error)
        self.errors = [error.formatted for error in errors]

    def print(self) -> str:
        """Return the errors as a JSON array."""
        return encode(self.errors).decode()


@dataclass(slots=True)
class LiveContext(Context):
    """What the resolvers of a subscription share."""

    hub: Hub = field(kw_only=True)


class Results:
    """The texts of the latest results: equal subscriptions have one, however many they are."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Record, str]] = OrderedDict()

    def remember(self, record: Record, key: Hashable, build: Callable[[], str]) -> str:
        """Return the text of an event for an operation."""
        place = (id(record), key)
        found = self._kept.get(place)
        if found is None:
            # As long as the record is kept here, no other has its `id()`.
            found = self._kept[place] = (record, build())
            if len(self._kept) > _RESULTS_KEPT:
                self._kept.popitem(last=False)
        return found[1]


async def subscribe(
    request: GraphQLRequest, *, principal: Principal, hub: Hub, results: Results
) -> AsyncGenerator[str, None]:
    """Return the results to come, as JSON texts. Raises `Rejected` before the first, and in place of any."""
    document, operation = _find_operation(request)
    context = LiveContext(principal, hub=hub)
    try:
        given = document.read_variables(schema._schema, request.operation_name, request.variables)
    except GraphQLError as error:
        raise Rejected(error) from error
    executor = Executor.build(
        schema._schema,
        document.ast,
        context_value=context,
        raw_variable_values=given,
        operation_name=request.operation_name,
        hide_suggestions=not settings.GRAPHQL_INTROSPECTION,
    )
    if isinstance(executor, list):
        raise Rejected(*executor)
    variables = executor.variable_values.coerced
    try:
        check_cost(document.cost(schema._schema, request.operation_name), variables)
    except GraphQLError as error:
        raise Rejected(error) from error
    context._planner = Planner(schema._schema, executor.fragment_definitions, operation, variables, checks=True)
    source = create_source_event_stream(executor)
    if not isinstance(source, AsyncIterable | ExecutionResult):
        source = await source
    if isinstance(source, ExecutionResult):
        raise Rejected(*(source.errors or []))
    places = _place_variables(operation)
    key = (request.query, request.operation_name, repr({k: v for k, v in variables.items() if k not in places}))
    return _print_results(source, executor, key, results)


async def _print_results(
    source: Any, executor: Executor[Any], key: Hashable, results: Results
) -> AsyncGenerator[str, None]:
    async with aclosing(source):
        try:
            async for record in source:
                yield results.remember(record, key, lambda record=record: _execute(executor, record))  # type: ignore[misc]
        except GraphQLError as error:
            raise Rejected(error) from error
        except Exception as error:
            raise Rejected(GraphQLError(str(error), original_error=error)) from error


def _execute(executor: Executor[Any], record: Record) -> str:
    result: Any = execute_subscription_event(executor.build_per_event_executor(record))
    content: dict[str, object] = {"data": result.data}
    if result.errors:
        for error in result.errors:
            explain(error)
        content["errors"] = [error.formatted for error in result.errors]
    return encode(content).decode()


def _find_operation(request: GraphQLRequest) -> tuple[Document, OperationDefinitionNode]:
    if request.query is None:
        raise _refusal("There is no `query` in the request.")
    try:
        document = documents.load(schema._schema, request.query)
    except GraphQLError as error:
        raise Rejected(error) from error
    if document.errors:
        raise Rejected(*document.errors)
    operation = get_operation_ast(document.ast, request.operation_name)
    if operation is None:
        raise _refusal("There is no such operation, or there are several and none is named.")
    if operation.operation is not OperationType.SUBSCRIPTION:
        # They belong to the processes that share a cache.
        raise _refusal("Only subscriptions are served here. Send queries and mutations over HTTP.")
    return document, operation


def _refusal(message: str) -> Rejected:
    return Rejected(GraphQLError(message, extensions={"code": VALIDATION_FAILED}))


def _place_variables(operation: OperationDefinitionNode) -> set[str]:
    """Return the variables that only say where to begin: results are the same whatever their values.

    Where one says more, in the arguments of a list, the records differ and so share nothing.
    """
    return {
        argument.value.name.value
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode)
        for argument in node.arguments or ()
        if argument.name.value == "afterSequence" and isinstance(argument.value, VariableNode)
    }
