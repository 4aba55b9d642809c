"""Compiled mutations: the arguments of a known document are coerced, its commands run, and its payloads encoded.

A mutation must run once, whatever happens. So all that may be left to graphql-core is decided before the first
resolver runs: what the payload shows, when the document is compiled, and whether the arguments are valid, by
`CompiledMutation.coerce`. The resolvers are those of the schema, and each runs once in a context (`resolvers.py`). If
the answer has an error then, or cannot be encoded, graphql-core completes it from what they have returned or raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    get_nullable_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_variable_values
from graphql.language import DocumentNode, FieldNode, OperationDefinitionNode
from graphql.pyutils import Path

from graphql_api.compiled import Compiler, Uncompiled
from graphql_api.context import Context
from graphql_api.encoding import Selection, Unencodable, batch_of, constant, fields_of
from graphql_api.fragments import fragments_of
from graphql_api.planning import Planner
from walletsvc.queries import questions
from walletsvc.queries.records import Record
from walletsvc.schema.resources import RESOURCES

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Info:
    """What the resolvers of mutations ask of graphql-core's info."""

    context: Context
    path: Path


@dataclass(frozen=True, slots=True)
class _Mutation:
    """A root field: its place in the answer, its first node, its definition, and the selection from its payload."""

    path: Path
    node: FieldNode
    definition: GraphQLField
    shown: Selection


@dataclass(frozen=True, slots=True)
class CompiledMutation:
    """The root fields of a mutation, and the selections from the objects in their payloads by the fields' names."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    fields: Mapping[str, _Mutation]
    payloads: Mapping[str, questions.Selection]
    planner: Planner

    def coerce(self, variables: dict[str, Any], literals: Mapping[str, Any]) -> Sequence[Arguments] | None:
        """Return the arguments of each field, or None if there is anything to say against one.

        `literals` are the values of the variables that stand for literals (`shapes.py`). Runs nothing.
        """
        definitions = self.operation.variable_definitions or ()
        try:
            values = get_variable_values(self.schema, definitions, variables, max_errors=0, hide_suggestions=True)
            if not isinstance(values, VariableValues):
                return None
            known = VariableValues(values.sources, {**values.coerced, **literals})
            return [get_argument_values(each.definition, each.node, known) for each in self.fields.values()]
        except Exception:
            # Only whether they are valid matters here: graphql-core reports the errors.
            return None

    def run(self, context: Context, arguments: Sequence[Arguments]) -> bytes | None:
        """Run each field, in their order, and return the data of the answer as JSON.

        Returns None if graphql-core has to complete the answer from the outcomes in the context.
        """
        for each, given in zip(self.fields.values(), arguments, strict=True):
            assert each.definition.resolve is not None  # noqa: S101 - for the type checker
            # The context has the error.
            with suppress(Exception):
                each.definition.resolve(None, _Info(context, each.path), **given)
        try:
            return self._encode(context)
        except Exception:
            # graphql-core puts each error in its place beside the rest of the data.
            return None

    def _encode(self, context: Context) -> bytes:
        members: list[bytes] = []
        for key, each in self.fields.items():
            [text] = each.shown.encode([context.outcomes[key].get()], self.planner)
            members.append(b'"%b":%b' % (key.encode(), text))
        return b"{%b}" % b",".join(members)


def compile_mutation(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> CompiledMutation | None:
    """Return the compiled form of a valid mutation, or None if only graphql-core can run it."""
    mutation_type = schema.mutation_type
    if mutation_type is None or operation.directives:
        return None
    fragments = fragments_of(document)
    compiler = _Compiler(schema, Compiler(schema, fragments, takes_lists=False))
    planner = Planner(schema, fragments, operation, {}, checks_for=None)
    fields: dict[str, _Mutation] = {}
    payloads: dict[str, questions.Selection] = {}
    try:
        for key, nodes in compiler.records.fields.merged([operation], mutation_type.name).items():
            definition = mutation_type.fields.get(nodes[0].name.value)
            if definition is None:
                # `__typename`.
                return None
            shown = compiler.payload(definition, nodes)
            fields[key] = _Mutation(Path(None, key, mutation_type.name), nodes[0], definition, shown)
            payloads[key] = planner.select(*compiler.record(definition, nodes))
    except Uncompiled:
        return None
    return CompiledMutation(schema, operation, fields, payloads, planner)


class _Compiler:
    """Compiles selections from payloads. Its methods raise `Uncompiled`."""

    def __init__(self, schema: GraphQLSchema, records: Compiler) -> None:
        self._schema = schema
        self.records = records

    def payload(self, definition: GraphQLField, nodes: list[FieldNode]) -> Selection:
        """Return the selection from the payload of a mutation."""
        if is_non_null_type(definition.type):
            # Without it, an error would leave nothing of the data.
            raise Uncompiled
        return self._object(_object_type(definition), nodes)

    def record(self, definition: GraphQLField, nodes: list[FieldNode]) -> tuple[str, list[FieldNode]]:
        """Return the name of the resource that a payload shows, and the nodes that select from it."""
        payload = _object_type(definition)
        [(name, resource)] = [
            (name, get_named_type(field.type).name)
            for name, field in payload.fields.items()
            if get_named_type(field.type).name in RESOURCES
        ]
        return resource, self.records.fields.below(nodes, payload.name, name)

    def _object(self, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Selection:
        merged = self.records.fields.merged(nodes, parent.name)
        return fields_of({key: self._field(parent, same) for key, same in merged.items()})

    def _field(self, parent: GraphQLObjectType, nodes: list[FieldNode]) -> Selection:
        name = nodes[0].name.value
        if name == "__typename":
            return constant(parent.name)
        field = parent.fields[name]
        if nodes[0].selection_set is None:
            return _leaf(field)
        below = _object_type(field)
        if below.name in RESOURCES:
            return _nested(field, partial(_encode_records, self.records.object(below.name, nodes)))
        return _nested(field, self._object(below, nodes).encode)


def _object_type(field: GraphQLField) -> GraphQLObjectType:
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLObjectType):
        raise Uncompiled
    return named


_TYPES: Mapping[str, type] = {"String": str, "Boolean": bool}
"""What each scalar in a payload, and nowhere below its object, is already: graphql-core would convert others."""


def _leaf(field: GraphQLField) -> Selection:
    expected, resolve = _TYPES.get(get_named_type(field.type).name), field.resolve
    if expected is None or resolve is None:
        raise Uncompiled
    expects = (expected,) if is_non_null_type(field.type) else (expected, type(None))

    def part(objects: Iterable[Any], _planner: Planner) -> list[bytes]:
        values = [resolve(each, None) for each in objects]
        if not all(type(each) in expects for each in values):
            raise Unencodable
        return [*map(orjson.dumps, values)]

    return Selection(b"%b", (part,))


def _encode_records(selection: Selection, records: list[Record], planner: Planner) -> list[bytes]:
    return selection.encode(batch_of(records), planner) if records else []


def _nested(field: GraphQLField, encode: Callable[[list[Any], Planner], list[bytes]]) -> Selection:
    """Return the selection of an object in each of several others, or of a list of them, which `encode` encodes."""
    resolve, optional = field.resolve, not is_non_null_type(field.type)
    has_list = is_list_type(get_nullable_type(field.type))
    if resolve is None:
        raise Uncompiled

    def text(found: Any, planner: Planner) -> bytes:
        if found is None:
            if not optional:
                raise Unencodable
            return b"null"
        if has_list:
            return b"[%b]" % b",".join(encode(found, planner))
        [only] = encode([found], planner)
        return only

    def part(objects: Iterable[Any], planner: Planner) -> list[bytes]:
        return [text(resolve(each, None), planner) for each in objects]

    return Selection(b"%b", (part,))
