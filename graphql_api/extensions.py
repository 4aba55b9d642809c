"""What wraps each operation, whichever transport it came by."""

from __future__ import annotations

from collections.abc import Iterator

from strawberry.extensions import SchemaExtension

from graphql_api import documents


class KnownDocuments(SchemaExtension):
    """Takes documents from memory, parsed and validated.

    Strawberry-django's own cache of validations is no choice: its key is equal for queries of equal length.
    """

    def on_parse(self) -> Iterator[None]:
        """Parse, or find what was parsed before."""
        context = self.execution_context
        if context.query:
            self._document = documents.load(context.schema._schema, context.query)
            context.graphql_document = self._document.ast
        yield

    def on_validate(self) -> Iterator[None]:
        """Tell what validation found."""
        self.execution_context.pre_execution_errors = list(self._document.errors)
        yield
