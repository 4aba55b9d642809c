"""Extensions of strawberry that wrap each operation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strawberry.extensions import SchemaExtension

from graphql_api import documents
from graphql_api.costs import check_cost


class KnownDocuments(SchemaExtension):
    """Takes documents from memory, where they are measured, parsed and validated.

    Strawberry-django's own cache of validations is not safe: its key is equal for queries of equal length.
    """

    def on_parse(self) -> Iterator[None]:
        """Load the document, parsed now or before."""
        context = self.execution_context
        if context.query:
            self._document = documents.load(context.schema._schema, context.query)
            context.graphql_document = self._document.executable
        yield

    def on_validate(self) -> Iterator[None]:
        """Report the errors that validation has found."""
        self.execution_context.pre_execution_errors = list(self._document.errors)
        yield

    def on_execute(self) -> Iterator[None]:
        """Refuse an operation that costs too much."""
        context = self.execution_context
        cost = self._document.cost(context.schema._schema, context.operation_name)
        self._cost = check_cost(cost, self._document.values(context.variables or {}))
        yield

    def get_results(self) -> dict[str, Any]:
        """Return the `extensions` of the answer."""
        return {"cost": self._cost} if hasattr(self, "_cost") else {}
