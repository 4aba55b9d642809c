"""From a selection of GraphQL to a question for the read engine: one for each root field, however deep it goes.

Fields that ask the same with the same arguments are one, whatever their aliases: `a: wallets {..} b: wallets {..}` is
one question, for what both select.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import GraphQLObjectType, GraphQLSchema
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from graphql_api.arguments import Arguments, parse_filters, parse_order, parse_page
from graphql_api.scalars import read_literal
from walletsvc.reading.questions import Question, Selection
from walletsvc.reading.resources import RESOURCES, Resource

_UNREAD = object()


@dataclass(slots=True)
class Root:
    """Root fields that ask the same: their arguments and nodes, and the answer once it is there."""

    arguments: Arguments
    nodes: list[FieldNode] = field(default_factory=list)
    answer: Any = _UNREAD

    @property
    def is_answered(self) -> bool:
        """Tell whether `answer` is there."""
        return self.answer is not _UNREAD


@dataclass(slots=True)
class _Wanted:
    """What is wanted of a record, collected field by field."""

    resource: Resource
    fields: set[str] = field(default_factory=set)
    to_one: dict[str, _Wanted] = field(default_factory=dict)
    to_many: dict[tuple[str, str], _WantedList] = field(default_factory=dict)

    def selection(self) -> Selection:
        return Selection(
            fields=frozenset(self.fields),
            to_one=tuple((name, wanted.selection()) for name, wanted in self.to_one.items()),
            to_many=tuple((name, wanted.question()) for (name, _), wanted in self.to_many.items()),
        )


@dataclass(slots=True)
class _WantedList:
    arguments: Arguments
    alias: str
    record: _Wanted
    count: bool = False

    def question(self) -> Question:
        resource = self.record.resource.name
        return Question(
            resource=resource,
            selection=self.record.selection(),
            filters=parse_filters(resource, self.arguments),
            order=parse_order(self.arguments),
            page=parse_page(self.arguments),
            count=self.count,
            alias=self.alias,
        )


class Planner:
    """Plans the reads of one operation. `alias_of` tells under which alias the list of a field node is kept."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
    ) -> None:
        self._schema = schema
        self._fragments = fragments
        self._variables = variables
        self._values = VariableValues({}, variables)
        self._operation = operation
        self._roots: dict[int, Root] = {}
        self._aliases: dict[int, str] = {}

    def root(self, node: FieldNode) -> Root:
        """Return the root field, with all others that ask the same."""
        if not self._roots:
            same: dict[tuple[str, str], Root] = {}
            for each in self._fields(self._operation.selection_set, "Query"):
                arguments = self._arguments("Query", each)
                root = same.setdefault((each.name.value, repr(arguments)), Root(arguments))
                root.nodes.append(each)
                self._roots[id(each)] = root
        return self._roots[id(node)]

    def alias_of(self, node: FieldNode) -> str:
        """Return the alias of the question that a field node became part of."""
        return self._aliases[id(node)]

    def select(self, resource: str, nodes: Iterable[FieldNode]) -> Selection:
        """Return what `nodes`, fields that give a record or records of `resource`, select of it."""
        wanted = _Wanted(RESOURCES[resource])
        for node in nodes:
            self._collect(wanted, node)
        return wanted.selection()

    def question(self, resource: str, root: Root) -> Question:
        """Return the question that a root field, a connection, asks. Raises `InvalidParameter`."""
        wanted = _WantedList(root.arguments, "", _Wanted(RESOURCES[resource]))
        for node in root.nodes:
            self._collect_page(wanted, node)
        return wanted.question()

    def children(self, nodes: Iterable[FieldNode], type_name: str, name: str) -> list[FieldNode]:
        """Return the fields called `name` in the selections of `nodes`, which give a `type_name`."""
        found = (each for node in nodes for each in self._fields(node.selection_set, type_name))
        return [each for each in found if each.name.value == name]

    def _collect(self, wanted: _Wanted, parent: FieldNode) -> None:
        resource = wanted.resource
        for node in self._fields(parent.selection_set, resource.name):
            name = node.name.value
            if name in resource.to_one:
                target = RESOURCES[resource.to_one[name].target]
                self._collect(wanted.to_one.setdefault(name, _Wanted(target)), node)
            elif name in resource.to_many:
                target = RESOURCES[resource.to_many[name].target]
                arguments = self._arguments(resource.name, node)
                alias = str(len(wanted.to_many))
                asked = wanted.to_many.setdefault(
                    (name, repr(arguments)), _WantedList(arguments, alias, _Wanted(target))
                )
                self._aliases[id(node)] = asked.alias
                self._collect_page(asked, node)
            else:
                # `id`, `databaseId` and `__typename` are of every record; the engine passes over them.
                wanted.fields.add(name)

    def _collect_page(self, wanted: _WantedList, node: FieldNode) -> None:
        connection = f"{wanted.record.resource.name}Connection"
        wanted.count = wanted.count or bool(self.children([node], connection, "totalCount"))
        edges = self.children([node], connection, "edges")
        for record in self.children(edges, f"{wanted.record.resource.name}Edge", "node"):
            self._collect(wanted.record, record)

    def _arguments(self, type_name: str, node: FieldNode) -> Arguments:
        parent = cast(GraphQLObjectType, self._schema.type_map[type_name])
        field_def = self._schema.get_field(parent, node.name.value)
        return get_argument_values(field_def, node, self._values) if field_def is not None else {}

    def _fields(
        self, selection_set: SelectionSetNode | None, type_name: str, visited: set[str] | None = None
    ) -> Iterator[FieldNode]:
        """Iterate over the fields selected of an object of `type_name`, those in fragments included."""
        visited = set() if visited is None else visited
        for node in selection_set.selections if selection_set is not None else ():
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            fragment: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in visited:
                    continue
                visited.add(node.name.value)
                fragment = self._fragments[node.name.value]
            elif isinstance(node, InlineFragmentNode):
                fragment = node
            condition = fragment.type_condition
            if condition is None or condition.name.value in (type_name, "Node"):
                yield from self._fields(fragment.selection_set, type_name, visited)

    def _is_included(self, node: SelectionNode) -> bool:
        for directive in node.directives or ():
            skips = directive.name.value == "skip"
            if skips or directive.name.value == "include":
                [condition] = directive.arguments or ()
                if bool(read_literal(condition.value, self._variables)) == skips:
                    return False
        return True
