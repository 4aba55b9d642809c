"""The cost of an operation: about the number of records that it may read, page sizes multiplied down the tree.

A page costs 1 plus the cost of each record that fits on it, a record or a balance in the past 1 plus the cost of the
selection below it, a statement or the books 100, because they sum up all entries or wallets, and a mutation 10. Of a
mutation that writes many by one commit, each costs 5 and what is shown of it. Directives count as including
everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from graphql import GraphQLField, GraphQLSchema, get_named_type, get_nullable_type, is_list_type
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode, ValueNode

from graphql_api.fragments import Fields, Fragments, Parent, fragments_of
from graphql_api.limits import LimitExceeded
from graphql_api.scalars import read_literal
from graphql_api.variables import MAX_ROWS
from walletsvc.errors import InvalidParameter
from walletsvc.queries.questions import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from walletsvc.schema.resources import RESOURCES

MUTATION_COST = 10
ROW_COST = 5
_ROWS = "input"
SUM_COST = 100
_SIZES = ("first", "last", "ids")


@dataclass(slots=True)
class Cost:
    """The cost of a selection: a fixed part, and parts that are multiplied by the size of a page or list.

    Arguments (`first`, `last`, `ids`), which may be variables, give the size.
    """

    fixed: int = 0
    lists: list[tuple[dict[str, ValueNode], Cost]] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)

    def compute(self, variables: Mapping[str, Any]) -> int:
        """Return the cost with these variables, as `read_variables` gives them.

        Raises `LimitExceeded` for a size below 0, which would make the rest of the operation cheaper.
        """
        return self._compute(self.defaults | dict(variables))

    def _compute(self, variables: Mapping[str, Any]) -> int:
        return self.fixed + sum(_size(sizes, variables) * cost._compute(variables) for sizes, cost in self.lists)

    def add(self, other: Cost) -> None:
        """Add another cost to this one."""
        self.fixed += other.fixed
        self.lists += other.lists


def _size(arguments: Mapping[str, ValueNode], variables: Mapping[str, Any]) -> int:
    """Return how many records fit. A value that is not a size counts as none: it is refused later."""
    sizes = []
    for name, argument in arguments.items():
        value = read_literal(argument, variables)
        if name == _ROWS:
            return min(len(value), MAX_ROWS) if isinstance(value, list) else 1
        if name == "ids":
            # Any other value is coerced to a list of one.
            sizes.append(len(value) if isinstance(value, list) else 1)
        elif isinstance(value, int):
            sizes.append(_check_size(value, name))
    return min(max(sizes, default=DEFAULT_PAGE_SIZE), MAX_PAGE_SIZE)


def _check_size(size: int, argument: str) -> int:
    if size < 0:
        message = f"A page has 0 to {MAX_PAGE_SIZE} records."
        raise LimitExceeded(InvalidParameter.code, message, limit=MAX_PAGE_SIZE, parameter=argument)
    return size


def check_cost(cost: Cost, variables: Mapping[str, Any]) -> dict[str, int]:
    """Return the cost as `extensions.cost` shows it. Raises `LimitExceeded`."""
    limit = settings.GRAPHQL_MAX_COST
    requested = cost.compute(variables)
    if requested > limit:
        message = f"The operation costs {requested}, and at most {limit} is allowed: ask for smaller pages."
        raise LimitExceeded("graphql_too_costly", message, limit=limit, cost=requested)
    return {"requested": requested, "limit": limit}


def compile_cost(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Cost:
    """Return the cost of an operation of a valid document."""
    root_type = schema.get_root_type(operation.operation)
    assert root_type is not None  # noqa: S101 - validation has found it
    cost = _Compiler(schema, fragments_of(document)).selection([operation], root_type.name)
    for definition in operation.variable_definitions or ():
        if definition.default_value is not None:
            cost.defaults[definition.variable.name.value] = read_literal(definition.default_value)
    return cost


class _Compiler:
    def __init__(self, schema: GraphQLSchema, fragments: Fragments) -> None:
        self._schema = schema
        self._fields = Fields(fragments)

    def selection(self, parents: Sequence[Parent], type_name: str) -> Cost:
        """Return the cost of what `parents` select together from an object of the named type."""
        cost = Cost()
        # What has an id may be of any type.
        for each in RESOURCES if type_name == "Node" else [type_name]:
            for nodes in self._fields.merged(parents, each).values():
                if nodes[0].selection_set is not None:
                    cost.add(self._field(nodes, each))
        return cost

    def _field(self, nodes: Sequence[FieldNode], parent: str) -> Cost:
        """Return the cost of fields of `parent` that are merged: they have the same arguments (section 5.3.2)."""
        node = nodes[0]
        type_name = self._type_of(node, parent)
        cost = self.selection(nodes, type_name)
        if type_name in RESOURCES or type_name in ("Node", "Balance"):
            cost.fixed += 1
        if type_name in ("Statement", "Book"):
            cost.fixed += SUM_COST
        sizes = {each.name.value: each.value for each in node.arguments or () if each.name.value in _SIZES}
        if type_name.removesuffix("Connection") in RESOURCES and type_name not in RESOURCES:
            cost = Cost(1, [(sizes, cost)])
        elif node.name.value == "nodes":
            cost = Cost(0, [(sizes, cost)])
        if parent == "Mutation":
            rows = self._rows_of(node)
            if rows is not None:
                cost.fixed += ROW_COST
                cost = Cost(0, [({_ROWS: rows}, cost)])
            cost.fixed += MUTATION_COST
        return cost

    def _rows_of(self, node: FieldNode) -> ValueNode | None:
        """Return the list of a mutation that writes as many objects as are in it."""
        declared = self._field_def(node, "Mutation").args.get(_ROWS)
        if declared is None or not is_list_type(get_nullable_type(declared.type)):
            return None
        return next((each.value for each in node.arguments or () if each.name.value == _ROWS), None)

    def _type_of(self, node: FieldNode, parent: str) -> str:
        return get_named_type(self._field_def(node, parent).type).name

    def _field_def(self, node: FieldNode, parent: str) -> GraphQLField:
        parent_type: Any = self._schema.type_map[parent]
        field_def = self._schema.get_field(parent_type, node.name.value)
        assert field_def is not None  # noqa: S101 - validation has found it
        return field_def
