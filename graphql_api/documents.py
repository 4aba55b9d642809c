"""Documents: parsed and validated once, and kept in memory by their text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from graphql import GraphQLError, GraphQLSchema, get_operation_ast, specified_rules, validate
from graphql.language import DocumentNode
from graphql.validation import ASTValidationRule, NoSchemaIntrospectionCustomRule, ValuesOfCorrectTypeRule

from graphql_api.compiled import CompiledQuery
from graphql_api.costs import Cost, compile_cost
from graphql_api.dependencies import Dependencies, find_dependencies
from graphql_api.errors import VALIDATION_FAILED, code_of_value
from graphql_api.limits import parse_within_limits
from graphql_api.operation_names import name_operation
from graphql_api.persisted import check_allowed
from graphql_api.variables import Types, read_variables, types_of
from walletsvc.bounded import BoundedTable

MAX_ERRORS = 10
"""How many errors validation finds in one document: it prints the value that each of them is about."""
MAX_KEPT_BYTES = 16 * 2**20
"""How much memory documents are kept in: some 400 of 60 tokens."""
_DOCUMENT_BYTES = 4096
_TOKEN_BYTES = 700
_QUOTED_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document, and the errors that validation has found in it."""

    ast: DocumentNode
    errors: tuple[GraphQLError, ...]
    dependencies: Dependencies
    """The stamps that its answers depend on, if it is valid."""
    compiled: dict[str | None, CompiledQuery | None] = field(default_factory=dict)
    """Its queries by their names, compiled; None for those that graphql-core has to run."""
    costs: dict[str | None, Cost] = field(default_factory=dict)
    """The costs of its operations, by their names."""
    inputs: dict[str | None, Types] = field(default_factory=dict)
    """The types of the variables of its operations, by their names."""
    operation_names: dict[str | None, str] = field(default_factory=dict)
    """What logs and metrics call its operations, by their names."""

    def name(self, schema: GraphQLSchema, operation_name: str | None) -> str:
        """Return what logs and metrics call one of its operations, which exists."""
        if operation_name not in self.operation_names:
            operation = get_operation_ast(self.ast, operation_name)
            assert operation is not None  # noqa: S101 - as the caller says
            self.operation_names[operation_name] = name_operation(schema, self.ast, operation)
        return self.operation_names[operation_name]

    def cost(self, schema: GraphQLSchema, operation_name: str | None) -> Cost:
        """Return the cost of one of its operations, which exists. The document is valid."""
        if operation_name not in self.costs:
            operation = get_operation_ast(self.ast, operation_name)
            assert operation is not None  # noqa: S101 - as the caller says
            self.costs[operation_name] = compile_cost(schema, self.ast, operation)
        return self.costs[operation_name]

    def read_variables(
        self, schema: GraphQLSchema, operation_name: str | None, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the variables of one of its operations, which exists. Raises `LimitExceeded`."""
        if operation_name not in self.inputs:
            operation = get_operation_ast(self.ast, operation_name)
            assert operation is not None  # noqa: S101 - as the caller says
            self.inputs[operation_name] = types_of(schema, operation)
        return read_variables(self.inputs[operation_name], given)


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
    check_allowed(text)
    document = _kept.get(text)
    if document is None:
        ast = parse_within_limits(text)
        document = Document(ast, tuple(_validate(schema, ast)), find_dependencies(schema, ast))
        _kept.put(text, document, size=_size_of(text, document))
    return document


def forget() -> None:
    """Forget all documents, after a change of limits or rules."""
    _kept.clear()


def _validate(schema: GraphQLSchema, ast: DocumentNode) -> list[GraphQLError]:
    rules = _RULES if settings.GRAPHQL_INTROSPECTION else [*_RULES, NoSchemaIntrospectionCustomRule]
    # A suggestion reveals a part of the schema.
    hides = not settings.GRAPHQL_INTROSPECTION
    found = validate(schema, ast, rules, max_errors=MAX_ERRORS, hide_suggestions=hides)
    for error in found:
        if not error.extensions:
            error.extensions = {"code": VALIDATION_FAILED}
    return found


def _size_of(text: str, document: Document) -> int:
    """Return about how many bytes a document takes, with all that is derived from it later (measured)."""
    tokens = document.ast.token_count or len(text)
    return _DOCUMENT_BYTES + _TOKEN_BYTES * tokens + 4 * len(text) + 4 * sum(len(e.message) for e in document.errors)


_kept: BoundedTable[str, Document] = BoundedTable(max_bytes=MAX_KEPT_BYTES, max_entry_bytes=MAX_KEPT_BYTES // 8)
"""Documents by their whole text, never by a hash or a length."""
