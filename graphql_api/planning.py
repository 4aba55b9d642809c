"""Plan a GraphQL selection as questions for the read engine: one for each root field, however deep it is.

Fields with the same question are one, whatever their aliases: `a: wallets {..} b: wallets {..}` is one question, with
both selections. A list is found again on its record by the question of its field alone: the value of a field depends
on its object and its arguments (GraphQL specification, sections 6.3.2 and 6.4), while one node of a fragment stands
for many fields, in all places where the fragment is spread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    located_error,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.language import FieldNode, FragmentDefinitionNode, OperationDefinitionNode

from graphql_api.arguments import Arguments, alias_of, parse_list
from graphql_api.fragments import Fields, is_included, response_key
from graphql_api.history import BALANCE_AT, parse_balance
from graphql_api.statements import LINES, STATEMENT, TOTALS, parse_lines, parse_period
from graphql_api.wanted import Wanted, WantedList, WantedStatement
from walletsvc.errors import InvalidParameter
from walletsvc.principals import Principal
from walletsvc.queries.history import check_past
from walletsvc.queries.questions import BalanceQuestion, Period, Question, Selection
from walletsvc.queries.selectors import check_question
from walletsvc.queries.statements import check_lines
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES, WALLET

Path = tuple[str | int, ...]
"""The place of a field in the answer (section 7.1.2). While planning, all items of a list count as its first."""


@dataclass(slots=True, eq=False)
class Root:
    """Root fields with the same question: their arguments and nodes, and their plan once it is made."""

    arguments: Arguments
    nodes: list[FieldNode] = field(default_factory=list)
    question: Question | None = None
    selections: dict[str, Selection] = field(default_factory=dict)


class Planner:
    """Plans the reads of one operation with one set of variables. Holds no answers, so threads may share it.

    With `checks_for` a caller, the list of each field is checked, and a refused one is left out of the plan: its
    field reports the refusal. `refusals` has all of them. Otherwise the first refusal is raised.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: dict[str, FragmentDefinitionNode],
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
        *,
        checks_for: Principal | None,
    ) -> None:
        self._schema = schema
        self._fields = Fields(fragments, partial(is_included, variables=variables))
        self._values = VariableValues({}, variables)
        self._operation = operation
        self._checks_for = checks_for
        self._roots: dict[str, Root] | None = None
        self._lists: dict[int, tuple[Question, str]] = {}
        self._payloads: dict[str, Selection] | None = None
        self._computed = {
            (WALLET.name, BALANCE_AT): self._collect_balance,
            (WALLET.name, STATEMENT): self._collect_statement,
        }
        self.refusals: list[GraphQLError] = []

    def root(self, node: FieldNode) -> Root:
        """Return the root field, with all others of the same question. Raises `GraphQLError`."""
        if self._roots is None:
            self._roots = self._find_roots()
        root = self._roots.get(response_key(node))
        # Missing if its arguments are refused: this raises the refusal.
        return Root(self._arguments("Query", node), [node]) if root is None else root

    def _find_roots(self) -> dict[str, Root]:
        """Return the root fields by their names in the answer: fields of one name are merged, and have equal
        arguments (section 5.3.2)."""
        roots: dict[str, Root] = {}
        same: dict[tuple[str, str], Root] = {}
        nodes = [*self._fields.of(self._operation.selection_set, "Query")]
        for node in nodes:
            key = response_key(node)
            root = roots.get(key)
            if root is None:
                try:
                    arguments = self._arguments("Query", node)
                except GraphQLError:
                    # Its own field reports the refusal.
                    continue
                # Printing arguments takes time, and a single field has no other to be merged with.
                printed = repr(arguments) if len(nodes) > 1 else ""
                root = roots[key] = same.setdefault((node.name.value, printed), Root(arguments))
            root.nodes.append(node)
        return roots

    def alias_of(self, resource: Resource, node: FieldNode) -> str:
        """Return the alias of the list at a field of a `resource`. Raises `InvalidParameter`."""
        return self._list(resource, node)[1]

    def balance(self, node: FieldNode) -> BalanceQuestion:
        """Return the question of a field `balanceAt` of a wallet. Raises `InvalidParameter`, `GraphQLError`."""
        return parse_balance(self._arguments(WALLET.name, node))

    def period(self, node: FieldNode) -> Period:
        """Return the period of a field `statement` of a wallet. Raises `InvalidParameter`, `GraphQLError`."""
        return parse_period(self._arguments(WALLET.name, node))

    def lines(self, node: FieldNode) -> tuple[Question, str]:
        """Return the page of a field `lines` of a statement, and its alias.

        Raises `InvalidParameter`, `GraphQLError`.
        """
        return parse_lines(self._arguments("Statement", node))

    def select(self, resource: str, nodes: Iterable[FieldNode], path: Path = ()) -> Selection:
        """Return the selection by `nodes`, fields whose values are records of `resource`."""
        wanted = Wanted(RESOURCES[resource])
        for node in nodes:
            self._collect(wanted, node, path)
        return wanted.selection()

    def selection(self, resource: str, root: Root) -> Selection:
        """Return the selection by a root field whose value is one or more records of `resource`."""
        found = root.selections.get(resource)
        if found is None:
            found = root.selections[resource] = self.select(resource, root.nodes)
        return found

    def question(self, resource: str, root: Root) -> Question:
        """Return the question of a root field that is a connection. Raises `InvalidParameter`."""
        if root.question is None:
            wanted = WantedList(parse_list(resource, root.arguments), Wanted(RESOURCES[resource]))
            for node in root.nodes:
                self._collect_page(wanted, node, (response_key(node),))
            root.question = wanted.question()
        return root.question

    def payload(self, key: str) -> Selection:
        """Return the selection by a mutation's payload, which `key` names in the answer, from its object.

        Raises `GraphQLError` for a refusal in the selection of any mutation of the operation: all of them are checked
        before the first one runs.
        """
        if self._payloads is None:
            self._payloads = self._plan_payloads()
        if not self.refusals:
            return self._payloads.get(key) or Selection(fields=frozenset())
        for refusal in self.refusals:
            if refusal.path and refusal.path[0] == key:
                raise refusal
        message = "Nothing has changed: another mutation of the document is refused."
        raise GraphQLError(message, extensions={"code": InvalidParameter.code})

    def _plan_payloads(self) -> dict[str, Selection]:
        wanted: dict[str, Wanted] = {}
        for node in self._fields.of(self._operation.selection_set, "Mutation"):
            key = response_key(node)
            try:
                self._arguments("Mutation", node)
            except GraphQLError as error:
                self.refusals.append(located_error(error, [node], (key,)))
                continue
            payload = self._type_of("Mutation", node)
            for resource in RESOURCES.values():
                name = resource.name.lower()
                for place in (), (0,):
                    # A mutation that writes many shows a list.
                    for shown in self._fields.below([node], payload, f"{name}s" if place else name):
                        record = wanted.setdefault(key, Wanted(resource))
                        self._collect(record, shown, (key, response_key(shown), *place))
        return {key: record.selection() for key, record in wanted.items()}

    def _collect(self, wanted: Wanted, parent: FieldNode, path: Path) -> None:
        resource = wanted.resource
        for node in self._fields.of(parent.selection_set, resource.name):
            name = node.name.value
            if name in resource.to_one:
                target = RESOURCES[resource.to_one[name].target]
                self._collect(wanted.to_one.setdefault(name, Wanted(target)), node, (*path, response_key(node)))
            elif name in resource.to_many:
                self._collect_list(wanted, node, (*path, response_key(node)))
            elif (resource.name, name) in self._computed:
                self._collect_computed(wanted, node, (*path, response_key(node)))
            else:
                # Every record has `id`, `databaseId` and `__typename`; the engine ignores them.
                wanted.fields.add(name)

    def _collect_list(self, wanted: Wanted, node: FieldNode, path: Path) -> None:
        try:
            asked, alias = self._list(wanted.resource, node)
            if self._checks_for is not None:
                key = wanted.resource.to_many[node.name.value].column
                check_question(asked, principal=self._checks_for, parent=key)
        except (GraphQLError, InvalidParameter) as error:
            if self._checks_for is None:
                raise
            self.refusals.append(located_error(error, [node], path))
            return
        record = Wanted(RESOURCES[asked.resource])
        same = wanted.to_many.setdefault((node.name.value, alias), WantedList(asked, record, alias))
        self._collect_page(same, node, path)

    def _collect_computed(self, wanted: Wanted, node: FieldNode, path: Path) -> None:
        """Collect a field that is computed from the entries of a wallet."""
        try:
            self._computed[wanted.resource.name, node.name.value](wanted, node, path)
        except (GraphQLError, InvalidParameter) as error:
            if self._checks_for is None:
                raise
            self.refusals.append(located_error(error, [node], path))

    def _collect_balance(self, wanted: Wanted, node: FieldNode, _path: Path) -> None:
        question = self.balance(node)
        if self._checks_for is not None:
            check_past(question)
        wanted.balances[question] = None

    def _collect_statement(self, wanted: Wanted, node: FieldNode, path: Path) -> None:
        period = self.period(node)
        statement = wanted.statements.setdefault(period, WantedStatement())
        for each in self._fields.of(node.selection_set, "Statement"):
            name = each.name.value
            statement.has_totals = statement.has_totals or name in TOTALS
            if name == LINES:
                question, alias = self.lines(each)
                check_lines(question)
                record = Wanted(RESOURCES[question.resource])
                same = statement.lines.setdefault(alias, WantedList(question, record, alias))
                self._collect_page(same, each, (*path, response_key(each)))

    def _collect_page(self, wanted: WantedList, node: FieldNode, path: Path) -> None:
        connection = f"{wanted.record.resource.name}Connection"
        for counted in ("totalCount", "countIsMinimum"):
            wanted.count = wanted.count or bool(self._fields.below([node], connection, counted))
        for edges in self._fields.below([node], connection, "edges"):
            for record in self._fields.below([edges], f"{wanted.record.resource.name}Edge", "node"):
                self._collect(wanted.record, record, (*path, response_key(edges), 0, response_key(record)))

    def _list(self, resource: Resource, node: FieldNode) -> tuple[Question, str]:
        """Return the list at a field, without its selection, and its alias.

        Raises `InvalidParameter`, `GraphQLError`.

        Cached by node: the arguments of a node depend on the variables, not on its place.
        """
        found = self._lists.get(id(node))
        if found is None:
            target = resource.to_many[node.name.value].target
            asked = parse_list(target, self._arguments(resource.name, node))
            found = self._lists[id(node)] = asked, alias_of(asked)
        return found

    def _arguments(self, type_name: str, node: FieldNode) -> Arguments:
        return get_argument_values(self._field(type_name, node), node, self._values)

    def _type_of(self, type_name: str, node: FieldNode) -> str:
        return get_named_type(self._field(type_name, node).type).name

    def _field(self, type_name: str, node: FieldNode) -> GraphQLField:
        parent = cast(GraphQLObjectType, self._schema.type_map[type_name])
        # Validation has checked that it exists.
        return cast(GraphQLField, self._schema.get_field(parent, node.name.value))
