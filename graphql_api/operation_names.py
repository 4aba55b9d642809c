"""The names of operations, as logs and metrics show them: so few that clients cannot make up new ones."""

from __future__ import annotations

from django.conf import settings
from graphql import GraphQLSchema
from graphql.language import DocumentNode, OperationDefinitionNode

from graphql_api.fragments import Fields, fragments_of
from walletsvc.telemetry.requests import OTHER

_OF_ALL_SCHEMAS = ("__schema", "__type", "__typename")
SEVERAL = "several"
"""In place of the field, for an operation with several of them at its root."""


def name_operation(schema: GraphQLSchema, ast: DocumentNode, operation: OperationDefinitionNode) -> str:
    """Return the kind of an operation, and the field at its root: `query wallets`.

    With an allowlist, it is the operation's own name: there are only as many as the documents on it have. The
    document may be invalid; then a field that is not in the schema is `OTHER`.
    """
    kind = operation.operation.value
    if settings.GRAPHQL_ALLOWLIST and operation.name is not None:
        return f"{kind} {operation.name.value}"
    root = schema.get_root_type(operation.operation)
    known = {} if root is None else root.fields
    selected = Fields(fragments_of(ast)).of(operation.selection_set, None)
    names = {node.name.value for node in selected}
    fields = {name if name in known or name in _OF_ALL_SCHEMAS else OTHER for name in names}
    return f"{kind} {fields.pop() if len(fields) == 1 else SEVERAL}"
