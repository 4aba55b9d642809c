"""Documents: parsed and validated once, and kept in memory by their text. Some are known by their shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from sys import getsizeof
from typing import Any

from django.conf import settings
from graphql import GraphQLError, GraphQLSchema, get_operation_ast, specified_rules, validate
from graphql.language import DocumentNode, OperationDefinitionNode, OperationType
from graphql.validation import ASTValidationRule, NoSchemaIntrospectionCustomRule, ValuesOfCorrectTypeRule

from graphql_api.compiled import CompiledQuery, compile_query
from graphql_api.costs import Cost, compile_cost
from graphql_api.dependencies import Dependencies, find_dependencies
from graphql_api.errors import VALIDATION_FAILED, code_of_value
from graphql_api.limits import parse_within_limits
from graphql_api.mutating import CompiledMutation, compile_mutation
from graphql_api.operation_names import name_operation
from graphql_api.persisted import check_allowed
from graphql_api.shapes import NONE, Key, Literals, Shape, lift, outline
from graphql_api.variables import Types, read_variables, types_of
from walletsvc.bounded import BoundedTable

MAX_ERRORS = 10
"""How many errors validation finds in one document: it prints the value that each of them is about."""
MAX_KEPT_BYTES = 12 * 2**20
"""How much memory documents are kept in: some 300 of 60 tokens."""
MAX_SHAPE_BYTES = 4 * 2**20
"""How much memory their shapes are kept in."""
_DOCUMENT_BYTES = 4096
_TOKEN_BYTES = 700
_LITERAL_BYTES = 1000
_QUOTED_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document, and the errors that validation has found in it."""

    text: str
    ast: DocumentNode
    """If the document has a known shape, that: with variables in place of the `literals`."""
    errors: tuple[GraphQLError, ...]
    dependencies: Dependencies
    """The stamps that its answers depend on, if it is valid."""
    queries: dict[str | None, CompiledQuery | None] = field(default_factory=dict)
    """Its queries by their names, compiled; None for those that graphql-core has to run."""
    mutations: dict[str | None, CompiledMutation | None] = field(default_factory=dict)
    """Its mutations by their names, likewise."""
    costs: dict[str | None, Cost] = field(default_factory=dict)
    """The costs of its operations, by their names."""
    inputs: dict[str | None, Types] = field(default_factory=dict)
    """The types of the variables of its operations, by their names."""
    operation_names: dict[str | None, str] = field(default_factory=dict)
    """What logs and metrics call its operations, by their names."""
    literals: Literals = NONE
    """The values of its literals, if it has a known shape. All that is derived from that is shared."""

    @property
    def executable(self) -> DocumentNode:
        """Return the document with its literals, for graphql-core."""
        return self.ast if self.literals is NONE else parse_within_limits(self.text)

    def values(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of all variables in `ast`, given those that the document declares."""
        return {**variables, **self.literals.written}

    def name(self, schema: GraphQLSchema, operation_name: str | None) -> str:
        """Return what logs and metrics call one of its operations, which exists."""
        if operation_name not in self.operation_names:
            operation = self._operation(operation_name)
            self.operation_names[operation_name] = name_operation(schema, self.ast, operation)
        return self.operation_names[operation_name]

    def cost(self, schema: GraphQLSchema, operation_name: str | None) -> Cost:
        """Return the cost of one of its operations, which exists. The document is valid."""
        if operation_name not in self.costs:
            self.costs[operation_name] = compile_cost(schema, self.ast, self._operation(operation_name))
        return self.costs[operation_name]

    def read_variables(
        self, schema: GraphQLSchema, operation_name: str | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the variables of one of its operations, which exists. Raises `LimitExceeded`."""
        if operation_name not in self.inputs:
            self.inputs[operation_name] = types_of(schema, self._operation(operation_name))
        return read_variables(self.inputs[operation_name], given)

    def query(self, schema: GraphQLSchema, operation_name: str | None) -> CompiledQuery | None:
        """Return the compiled form of one of its queries, which exists. The document is valid."""
        if operation_name not in self.queries:
            operation, has_literals = self._operation(operation_name), self.literals is not NONE
            self.queries[operation_name] = compile_query(schema, self.ast, operation, is_open=has_literals)
        return self.queries[operation_name]

    def mutation(self, schema: GraphQLSchema, operation_name: str | None) -> CompiledMutation | None:
        """Return the compiled form of an operation that is a mutation. The document is valid."""
        if operation_name not in self.mutations:
            operation = get_operation_ast(self.ast, operation_name)
            if operation is None:
                # Names that clients make up are not kept.
                return None
            is_mutation = operation.operation is OperationType.MUTATION
            self.mutations[operation_name] = compile_mutation(schema, self.ast, operation) if is_mutation else None
        return self.mutations[operation_name]

    def _operation(self, name: str | None) -> OperationDefinitionNode:
        operation = get_operation_ast(self.ast, name)
        assert operation is not None  # noqa: S101 - as the caller says
        return operation


class _ValuesRule(ValuesOfCorrectTypeRule):
    """Gives a missing literal, or one of the wrong kind, the code that the same value has in a variable."""

    def report_error(self, error: GraphQLError) -> None:
        if isinstance(error.original_error, ValueError):
            # Python parses no int of more than 4,300 digits, and graphql-core would pass on how to change that.
            digits = getattr(error.nodes[0], "value", "")[:_QUOTED_DIGITS] if error.nodes else ""
            error.message = f"Int cannot represent non 32-bit signed integer value: {digits}..."
        error.extensions = {"code": code_of_value(error.message)}
        super().report_error(error)


_RULES: list[type[ASTValidationRule]] = [
    _ValuesRule if rule is ValuesOfCorrectTypeRule else rule for rule in specified_rules
]


def load(schema: GraphQLSchema, text: str) -> Document:
    """Return the document in `text`. Raises `GraphQLError` if it is not allowed, too large, or not GraphQL."""
    document = find(text)
    if document is None:
        ast = parse_within_limits(text)
        document = Document(text, ast, tuple(_validate(schema, ast)), find_dependencies(schema, ast))
        outlined = outline(text)
        if outlined is not None and not document.errors:
            _learn(schema, document, *outlined)
        _kept.put(text, document, size=_size_of(document))
    return document


def find(text: str) -> Document | None:
    """Return the document in `text` if it is known, or its shape is. Raises `GraphQLError` if it is not allowed."""
    check_allowed(text)
    document = _kept.get(text)
    if document is None and len(text) <= settings.GRAPHQL_MAX_CHARACTERS:
        outlined = outline(text)
        document = None if outlined is None else _of_known_shape(text, *outlined)
        if document is not None:
            _kept.put(text, document, size=_size_of(document))
    return document


def forget() -> None:
    """Forget all documents, after a change of limits or rules."""
    _kept.clear()
    _shapes.clear()


def _of_known_shape(text: str, key: Key, literals: Sequence[str]) -> Document | None:
    """Return the document if it has a known shape and is valid."""
    known = _shapes.get(key)
    if known is None or isinstance(known, _Mark):
        return None
    values = known.shape.read(literals)
    return None if values is None else replace(known.document, text=text, literals=values)


def _learn(schema: GraphQLSchema, document: Document, key: Key, literals: Sequence[str]) -> None:
    """Keep the shape of a valid document, if it is not the first of it: most documents are always the same."""
    size = sum(map(getsizeof, key)) + _DOCUMENT_BYTES
    mark = _shapes.get(key)
    if mark is None:
        _shapes.put(key, _Mark.MET, size=size)
    elif mark is _Mark.MET:
        lifted = lift(schema, document.ast, literals)
        if lifted is None:
            _shapes.put(key, _Mark.UNFIT, size=size)
            return
        ast, shape = lifted
        of_shape = Document("", ast, (), find_dependencies(schema, ast))
        _shapes.put(key, _Known(shape, of_shape), size=size + _size_of(document))


class _Mark(Enum):
    """What is known of a shape that has no document."""

    MET = "met"
    UNFIT = "unfit"


@dataclass(frozen=True, slots=True)
class _Known:
    """A shape, and the document that all of its documents share."""

    shape: Shape
    document: Document


def _validate(schema: GraphQLSchema, ast: DocumentNode) -> list[GraphQLError]:
    rules = _RULES if settings.GRAPHQL_INTROSPECTION else [*_RULES, NoSchemaIntrospectionCustomRule]
    # A suggestion reveals a part of the schema.
    hides = not settings.GRAPHQL_INTROSPECTION
    found = validate(schema, ast, rules, max_errors=MAX_ERRORS, hide_suggestions=hides)
    for error in found:
        if not error.extensions:
            error.extensions = {"code": VALIDATION_FAILED}
    return found


def _size_of(document: Document) -> int:
    """Return about how many bytes a document takes, with all that is derived from it later (measured)."""
    own = _DOCUMENT_BYTES + 4 * len(document.text)
    if document.literals is not NONE:
        return own + _LITERAL_BYTES * len(document.literals.written)
    tokens = document.ast.token_count or len(document.text)
    return own + _TOKEN_BYTES * tokens + 4 * sum(len(each.message) for each in document.errors)


_kept: BoundedTable[str, Document] = BoundedTable(max_bytes=MAX_KEPT_BYTES, max_entry_bytes=MAX_KEPT_BYTES // 8)
"""Documents by their whole text, never by a hash or a length."""
_shapes: BoundedTable[Key, _Known | _Mark] = BoundedTable(
    max_bytes=MAX_SHAPE_BYTES, max_entry_bytes=MAX_SHAPE_BYTES // 4
)
