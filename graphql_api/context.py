"""The state that the resolvers of one operation share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from graphql import GraphQLResolveInfo

from graphql_api.planning import Planner, Root
from walletsvc.principals import Principal


@dataclass(slots=True)
class Context:
    """The caller, the planner once a resolver has asked for it, and the records that the root fields have read."""

    principal: Principal
    _planner: Planner | None = None
    answers: dict[Root, Any] = field(default_factory=dict)

    def planner(self, info: GraphQLResolveInfo[Any]) -> Planner:
        """Return the planner of the operation that `info` belongs to."""
        if self._planner is None:
            # Strawberry passes resolvers the coerced values only.
            variables = cast(dict[str, Any], info.variable_values)
            self._planner = Planner(info.schema, info.fragments, info.operation, variables, checks_for=self.principal)
        return self._planner
