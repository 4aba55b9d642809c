"""Compiled queries: a known document becomes a text with gaps once, and runs without graphql-core from then on.

graphql-core calls a resolver, completes a value and builds a path for each field of each record. A page of
records only needs a text for each, made by column from the rows that the database sends (`encoding.py`).
graphql-core still runs the rest (directives, introspection, mutations, every query that ends in an error); tests over
generated documents prove that both give the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema, get_named_type
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    OperationDefinitionNode,
    SelectionNode,
)

from graphql_api.encoding import (
    CURSORS,
    DATABASE_IDS,
    Batch,
    Selection,
    attributes,
    batch_of,
    below,
    constant,
    edges,
    fields_of,
    global_ids,
    resolved,
    to_one,
)
from graphql_api.fragments import Fields, fragments_of
from graphql_api.history import BALANCE_AT, show_balance
from graphql_api.planning import Planner, Root
from graphql_api.queries import ROOTS
from graphql_api.statements import LINES, STATEMENT, show_statement
from walletsvc.errors import TooBroad
from walletsvc.principals import Principal
from walletsvc.queries.history import Balance
from walletsvc.queries.records import Page, Record
from walletsvc.queries.statements import Statement
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES, WALLET


class Uncompiled(Exception):
    """The query has something that only graphql-core runs."""


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """The root fields of a query: their names in the answer, first nodes, readers and selections."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    roots: tuple[tuple[str, FieldNode, str, Selection], ...]
    planner: Planner | None
    """Made in advance if there are no variables: then a plan depends on the document alone."""

    def run(
        self,
        variables: dict[str, Any],
        principal: Principal,
        *,
        literals: Mapping[str, Any] | None = None,
        refused: dict[str, TooBroad],
    ) -> bytes | None:
        """Return the data of the answer as JSON, or None if graphql-core has to run the query.

        `literals` are the values of the variables that stand for literals (`shapes.py`). `refused` gets the refusal
        of a root field by its name in the answer, as to find out again would take as long.
        """
        try:
            planner = self.planner or self._plan(variables, literals or {})
            if planner is None:
                return None
            members: list[bytes] = []
            answers: dict[Root, Page | Record] = {}
            for key, node, name, selection in self.roots:
                root = planner.root(node)
                if root not in answers:
                    try:
                        answers[root] = ROOTS[name](planner, root, principal)
                    except TooBroad as error:
                        refused[key] = error
                        raise
                found = answers[root]
                [text] = selection.encode([found] if isinstance(found, Page) else batch_of([found]), planner)
                members.append(b'"%b":%b' % (key.encode(), text))
        except Exception:
            # graphql-core runs the query again: it puts each error in its place beside the rest of the data.
            return None
        return b"{%b}" % b",".join(members)

    def _plan(self, variables: dict[str, Any], literals: Mapping[str, Any]) -> Planner | None:
        definitions = self.operation.variable_definitions or ()
        # Only whether they are valid matters here: graphql-core reports the errors.
        values = get_variable_values(self.schema, definitions, variables, max_errors=0, hide_suggestions=True)
        if not isinstance(values, VariableValues):
            return None
        known = {**values.coerced, **literals}
        return Planner(self.schema, self.fragments, self.operation, known, checks_for=None)


def compile_query(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, is_open: bool = False
) -> CompiledQuery | None:
    """Return the compiled form of a valid query, or None if only graphql-core can run it.

    One that `is_open` has variables that it does not declare.
    """
    fragments = fragments_of(document)
    compiler = Compiler(schema, fragments)
    query_type = schema.query_type
    if query_type is None or operation.directives:
        return None
    try:
        roots = tuple(
            (key, nodes[0], nodes[0].name.value, compiler.root(query_type, nodes))
            for key, nodes in compiler.fields.merged([operation], query_type.name).items()
        )
    except Uncompiled:
        return None
    has_variables = is_open or operation.variable_definitions
    planner = None if has_variables else Planner(schema, fragments, operation, {}, checks_for=None)
    return CompiledQuery(schema, operation, fragments, roots, planner)


class Compiler:
    """Compiles selections. All methods raise `Uncompiled`.

    Unless it `takes_lists`, that is also raised for what has arguments: lists, and what is computed from entries.
    """

    def __init__(
        self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode], *, takes_lists: bool = True
    ) -> None:
        self._schema = schema
        self._takes_lists = takes_lists
        self.fields = Fields(fragments, _refuse_directives)

    def root(self, query_type: GraphQLObjectType, nodes: list[FieldNode]) -> Selection:
        """Return the selection by a root field of a query."""
        name = nodes[0].name.value
        if name not in ROOTS:
            raise Uncompiled
        return self.object(get_named_type(query_type.fields[name].type).name, nodes)

    def object(self, type_name: str, nodes: list[FieldNode]) -> Selection:
        """Return the selection by `nodes` from an object."""
        merged = self.fields.merged(nodes, type_name)
        return fields_of({key: self._field(type_name, same) for key, same in merged.items()})

    def _field(self, type_name: str, nodes: list[FieldNode]) -> Selection:
        parent: Any = self._schema.type_map[type_name]
        name = nodes[0].name.value
        if name == "__typename":
            return constant(type_name)
        if nodes[0].selection_set is not None:
            return self._branch(parent, name, nodes)
        resource = RESOURCES.get(type_name)
        if resource is not None:
            return _leaf(resource, name)
        return CURSORS if name == "cursor" else resolved(parent.fields[name].resolve)

    def _branch(self, parent: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> Selection:
        """Return the selection from a field of `parent` that is an object or a list of them."""
        field_type = parent.fields[name].type
        selection = self.object(get_named_type(field_type).name, nodes)
        find = _COMPUTED.get((parent.name, name))
        resource = RESOURCES.get(parent.name)
        if not self._takes_lists and (find is not None or resource is None or name in resource.to_many):
            raise Uncompiled
        if find is not None:
            return below(partial(find, nodes[0]), selection)
        if resource is None:
            # A page is both the connection and its page info, and a record both the edge and its node.
            return edges(selection) if name == "edges" else selection
        if name in resource.to_many:
            # Fields that are merged have the same arguments (section 5.3.2).
            return below(partial(_pages_of, resource, nodes[0]), selection)
        return to_one(name, selection, optional=not isinstance(field_type, GraphQLNonNull))


def _refuse_directives(_node: SelectionNode) -> bool:
    raise Uncompiled


def _leaf(resource: Resource, name: str) -> Selection:
    if name == "id":
        return global_ids(resource.name)
    if name == "databaseId":
        return DATABASE_IDS
    [field] = [each for each in resource.fields if each.name == name]
    return attributes(name, unbound=field.unbound)


def _pages_of(resource: Resource, node: FieldNode, batch: Batch, planner: Planner) -> list[Page]:
    """Return the page of a to-many relation of each record."""
    place = node.name.value, planner.alias_of(resource, node)
    pages = batch.lists.get(place)
    if pages is None:
        return [record.many[place] for record in batch.records]
    return [*map(pages.__getitem__, batch.columns[0])]


def _balances_of(node: FieldNode, batch: Batch, planner: Planner) -> list[Balance]:
    """Return the `balanceAt` of each wallet."""
    question = planner.balance(node)
    return [show_balance(record, question) for record in batch.records]


def _statements_of(node: FieldNode, batch: Batch, planner: Planner) -> list[Statement]:
    """Return the `statement` of each wallet."""
    period = planner.period(node)
    return [show_statement(record, period) for record in batch.records]


def _lines_of(node: FieldNode, statements: Sequence[Statement], planner: Planner) -> list[Page]:
    """Return the `lines` of each statement."""
    _, alias = planner.lines(node)
    return [statement.lines[alias] for statement in statements]


_COMPUTED: Mapping[tuple[str, str], Callable[[FieldNode, Any, Planner], Sequence[Any]]] = {
    (WALLET.name, BALANCE_AT): _balances_of,
    (WALLET.name, STATEMENT): _statements_of,
    ("Statement", LINES): _lines_of,
}
"""What is computed from the entries of a wallet, by its type and field."""
