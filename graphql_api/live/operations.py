"""One subscription, from its document to the JSON of its results."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Hashable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any, TypeVar

from django.conf import settings
from graphql import ExecutionResult, GraphQLError, get_operation_ast
from graphql.execution import create_source_event_stream
from graphql.execution.execute import execute_subscription_event
from graphql.execution.executor import Executor
from graphql.language import FieldNode, OperationDefinitionNode, OperationType, VariableNode

from graphql_api import documents, persisted
from graphql_api.answers import encode
from graphql_api.context import Context
from graphql_api.costs import check_cost
from graphql_api.errors import VALIDATION_FAILED, explain
from graphql_api.execution import Pay, free_of_charge
from graphql_api.live.budgets import Budget
from graphql_api.live.hub import Hub
from graphql_api.planning import Planner
from graphql_api.requests import GraphQLRequest
from graphql_api.schema import schema
from walletsvc.events.feeds import Event
from walletsvc.principals import Principal
from walletsvc.queries.records import Record

T = TypeVar("T")


class Rejected(Exception):
    """A subscription that was refused, or that an error has ended."""

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
    """The state that the resolvers of a subscription share."""

    hub: Hub = field(kw_only=True)
    client: Hashable = field(kw_only=True)
    cost: int = field(kw_only=True, default=1)

    async def compute(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread when it is the client's turn, and return its result."""
        return await self.hub.workers.run(work, self.client)


@dataclass(frozen=True, slots=True)
class Operation:
    """A subscription that is ready to run."""

    executor: Executor[Any]
    context: LiveContext
    key: bytes
    """Operations with the same key have the same result for an event."""
    characters: int

    def show(self, record: Record) -> str:
        """Return the result for an event, as JSON."""
        result: Any = execute_subscription_event(self.executor.build_per_event_executor(record))
        content: dict[str, object] = {"data": result.data}
        if result.errors:
            for error in result.errors:
                explain(error)
            content["errors"] = [error.formatted for error in result.errors]
        return encode(content).decode()


async def subscribe(
    request: GraphQLRequest, *, principal: Principal, hub: Hub, budget: Budget, pay: Pay = free_of_charge
) -> AsyncGenerator[str, None]:
    """Iterate over the results, as JSON. Raises `Rejected` before the first, or when an error ends the subscription.

    `pay` charges for it, before its document is read.
    Documents and results are processed in a thread, where connections take turns; `budget` identifies the connection.
    """
    try:
        context = LiveContext(principal, hub=hub, client=budget)
        operation = await hub.workers.run(partial(_prepare, request, context, pay), budget)
        with (
            budget.hold(operation.context.cost, operation.characters),
            hub.operations.hold(principal.subject, settings.LIVE_MAX_OPERATIONS),
        ):
            async with aclosing(await _open(operation)) as events:
                async for event in events:
                    place = (event.number, operation.key)
                    yield await hub.results.get(place, partial(operation.show, event.record), budget)
    except Rejected:
        raise
    except GraphQLError as error:
        raise Rejected(error) from error
    except Exception as error:
        raise Rejected(GraphQLError(str(error), original_error=error)) from error


async def _open(operation: Operation) -> AsyncGenerator[Event, None]:
    source: Any = create_source_event_stream(operation.executor)
    if not isinstance(source, AsyncIterable | ExecutionResult):
        source = await source
    if isinstance(source, ExecutionResult):
        raise Rejected(*(source.errors or []))
    events: AsyncGenerator[Event, None] = source
    return events


def _prepare(request: GraphQLRequest, context: LiveContext, pay: Pay) -> Operation:
    """Find, check and measure the document, as for HTTP. Raises `GraphQLError`, `Rejected` and what `pay` raises."""
    pay(1)
    text = persisted.find_text(request, owner=context.principal.owner)
    if text is None:
        raise _refusal("There is no `query` in the request.", "malformed")
    document = documents.load(schema._schema, text)
    if document.errors:
        raise Rejected(*document.errors)
    persisted.remember(request, owner=context.principal.owner)
    operation = get_operation_ast(document.ast, request.operation_name)
    if operation is None:
        raise _refusal("There is no such operation, or there are several and none is named.")
    if operation.operation is not OperationType.SUBSCRIPTION:
        # Those belong to the processes that share a cache.
        raise _refusal("Only subscriptions are served here. Send queries and mutations over HTTP.")
    given = document.read_variables(schema._schema, request.operation_name, request.variables)
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
    context.cost = check_cost(document.cost(schema._schema, request.operation_name), variables)["requested"]
    context._planner = Planner(
        schema._schema, executor.fragment_definitions, operation, variables, checks_for=context.principal
    )
    places = _place_variables(operation)
    values = repr({name: value for name, value in variables.items() if name not in places})
    key = sha256(repr((text, request.operation_name, values)).encode()).digest()
    return Operation(executor, context, key, len(text) + len(values))


def _refusal(message: str, code: str = VALIDATION_FAILED) -> Rejected:
    return Rejected(GraphQLError(message, extensions={"code": code}))


def _place_variables(operation: OperationDefinitionNode) -> set[str]:
    """Return the variables that only say where to begin: they do not change the result for an event.

    A variable that is also an argument of a list changes the records, and different records share no result.
    """
    return {
        argument.value.name.value
        for node in operation.selection_set.selections
        if isinstance(node, FieldNode)
        for argument in node.arguments or ()
        if argument.name.value == "afterSequence" and isinstance(argument.value, VariableNode)
    }
