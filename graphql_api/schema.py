"""The schema: `manage.py export_schema graphql_api.schema:schema` prints it, and CI holds it to schema.graphql."""

from __future__ import annotations

from typing import Any

import strawberry
from django.conf import settings
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.types import ExecutionContext

from graphql_api.errors import explain
from graphql_api.extensions import KnownDocuments
from graphql_api.mutations import Mutation
from graphql_api.queries import Query
from graphql_api.resolvers import bind
from graphql_api.scalars import SCALARS
from graphql_api.subscriptions import Subscription


class Executor(StrawberryGraphQLCoreExecutionContext):
    """An executor that suggests no names if introspection is off."""

    @classmethod
    def build(cls, *arguments: Any, **options: Any) -> Any:
        """Build the executor, as graphql-core does for each operation."""
        return super().build(*arguments, **{**options, "hide_suggestions": not settings.GRAPHQL_INTROSPECTION})


class Schema(strawberry.Schema):
    """A schema whose errors have codes."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Give each error its code, without logging the domain's refusals."""
        for error in errors:
            explain(error)


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    extensions=[KnownDocuments],
    execution_context_class=Executor,
    config=StrawberryConfig(scalar_map=SCALARS),
)
bind(schema._schema)
