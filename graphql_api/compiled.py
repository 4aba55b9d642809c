"""Compiled queries: a known document is turned into encoders once, and runs without graphql-core from then on.

graphql-core calls a resolver, completes a value and builds a path for each field of each record. A page of
records only needs one dict a record, of values that the read engine has already printed. graphql-core still runs
the rest (directives, introspection, mutations, every query that ends in an error); a test over generated documents
proves that both give the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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

from graphql_api.fragments import Fields, fragments_of
from graphql_api.history import BALANCE_AT, show_balance
from graphql_api.planning import Planner, Root
from graphql_api.queries import ROOTS
from graphql_api.statements import LINES, STATEMENT, show_statement
from walletsvc.principals import Principal
from walletsvc.queries.records import Page, Record
from walletsvc.queries.statements import Statement
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES, WALLET

Encode = Callable[[Any, Planner], object]
"""Turns a record or a page into the fields that the selection asks for."""


class Uncompiled(Exception):
    """The query has something that only graphql-core runs."""


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """The root fields of a query: their names in the answer, first nodes, readers and encoders."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]
    roots: tuple[tuple[str, FieldNode, str, Encode], ...]
    planner: Planner | None
    """Made in advance if there are no variables: then a plan depends on the document alone."""

    def run(self, variables: dict[str, Any], principal: Principal) -> dict[str, object] | None:
        """Return the data of the answer, or None if graphql-core has to run the query."""
        planner = self.planner or self._plan(variables)
        if planner is None:
            return None
        data: dict[str, object] = {}
        answers: dict[Root, Page | Record] = {}
        try:
            for key, node, name, encode in self.roots:
                root = planner.root(node)
                if root not in answers:
                    answers[root] = ROOTS[name](planner, root, principal)
                data[key] = encode(answers[root], planner)
        except Exception:
            # graphql-core runs the query again: it puts each error in its place beside the rest of the data.
            return None
        return data

    def _plan(self, variables: dict[str, Any]) -> Planner | None:
        definitions = self.operation.variable_definitions or ()
        # Only whether they are valid matters here: graphql-core reports the errors.
        values = get_variable_values(self.schema, definitions, variables, max_errors=0, hide_suggestions=True)
        if not isinstance(values, VariableValues):
            return None
        return Planner(self.schema, self.fragments, self.operation, values.coerced, checks_for=None)


def compile_query(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> CompiledQuery | None:
    """Return the compiled form of a valid query, or None if only graphql-core can run it."""
    fragments = fragments_of(document)
    compiler = _Compiler(schema, fragments)
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
    planner = None if operation.variable_definitions else Planner(schema, fragments, operation, {}, checks_for=None)
    return CompiledQuery(schema, operation, fragments, roots, planner)


class _Compiler:
    def __init__(self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode]) -> None:
        self._schema = schema
        self.fields = Fields(fragments, _refuse_directives)

    def root(self, query_type: GraphQLObjectType, nodes: list[FieldNode]) -> Encode:
        name = nodes[0].name.value
        if name not in ROOTS:
            raise Uncompiled
        return self._object(get_named_type(query_type.fields[name].type).name, nodes)

    def _object(self, type_name: str, nodes: list[FieldNode]) -> Encode:
        """Return the encoder of an object, for the fields that `nodes` select."""
        object_type: Any = self._schema.type_map[type_name]
        leaves: list[tuple[str, Callable[[Any, Any], object]]] = []
        branches: list[tuple[str, Encode]] = []
        keys: list[str] = []
        for key, same in self.fields.merged(nodes, type_name).items():
            keys.append(key)
            name = same[0].name.value
            if name == "__typename":
                leaves.append((key, _constant(type_name)))
            elif same[0].selection_set is None:
                leaves.append((key, object_type.fields[name].resolve))
            else:
                branches.append((key, self._branch(object_type, name, same)))

        def encode_leaves(value: Any, _planner: Planner) -> object:
            return {key: resolve(value, None) for key, resolve in leaves}

        def encode(value: Any, planner: Planner) -> object:
            encoded = dict.fromkeys(keys)
            for key, resolve in leaves:
                encoded[key] = resolve(value, None)
            for key, branch in branches:
                encoded[key] = branch(value, planner)
            return encoded

        return encode if branches else encode_leaves

    def _branch(self, parent: GraphQLObjectType, name: str, nodes: list[FieldNode]) -> Encode:
        """Return the encoder of a field of `parent` that is an object or a list of them."""
        field_type = parent.fields[name].type
        encode = self._object(get_named_type(field_type).name, nodes)
        computed = _COMPUTED.get((parent.name, name))
        if computed is not None:
            return computed(nodes[0], encode)
        resource = RESOURCES.get(parent.name)
        if resource is None:
            return _of_page(name, encode)
        if name in resource.to_many:
            # Fields that are merged have the same arguments (section 5.3.2).
            return _to_many(resource, name, nodes[0], encode)

        def to_one(record: Record, planner: Planner) -> object:
            related = record.one[name]
            if related is None and isinstance(field_type, GraphQLNonNull):
                raise Uncompiled
            return None if related is None else encode(related, planner)

        return to_one


def _refuse_directives(_node: SelectionNode) -> bool:
    raise Uncompiled


def _constant(value: object) -> Callable[[Any, Any], object]:
    def resolve(_value: Any, _info: Any) -> object:
        return value

    return resolve


def _to_many(resource: Resource, name: str, node: FieldNode, encode: Encode) -> Encode:
    """Return the encoder of a to-many relation."""

    def to_many(record: Record, planner: Planner) -> object:
        return encode(record.many[name, planner.alias_of(resource, node)], planner)

    return to_many


def _balance_at(node: FieldNode, encode: Encode) -> Encode:
    """Return the encoder of a field `balanceAt`."""

    def balance_at(record: Record, planner: Planner) -> object:
        return encode(show_balance(record, planner.balance(node)), planner)

    return balance_at


def _statement(node: FieldNode, encode: Encode) -> Encode:
    """Return the encoder of a field `statement`."""

    def statement(record: Record, planner: Planner) -> object:
        return encode(show_statement(record, planner.period(node)), planner)

    return statement


def _lines(node: FieldNode, encode: Encode) -> Encode:
    """Return the encoder of the field `lines` of a statement."""

    def lines(statement: Statement, planner: Planner) -> object:
        return encode(statement.lines[planner.lines(node)[1]], planner)

    return lines


_COMPUTED: Mapping[tuple[str, str], Callable[[FieldNode, Encode], Encode]] = {
    (WALLET.name, BALANCE_AT): _balance_at,
    (WALLET.name, STATEMENT): _statement,
    ("Statement", LINES): _lines,
}
"""What is computed from the entries of a wallet, by its type and field."""


def _of_page(name: str, encode: Encode) -> Encode:
    """Return the encoder of a field of a connection or an edge. A page is both the connection and its page info."""

    def edges(page: Page, planner: Planner) -> object:
        return [encode(record, planner) for record in page.records]

    return edges if name == "edges" else encode
