"""The state that the resolvers of one operation share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from graphql import GraphQLResolveInfo

from graphql_api.planning import Planner, Root
from walletsvc.errors import TooBroad
from walletsvc.principals import Principal
from walletsvc.queries.questions import Selection


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a mutation returned, or the error that it raised."""

    payload: Any = None
    error: Exception | None = None

    def get(self) -> Any:
        """Return the payload. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.payload


@dataclass(slots=True)
class Context:
    """The caller, the planner once a resolver has asked for it, and what the root fields have returned.

    `answers` are the records that a query has read, `outcomes` what has become of each mutation, by its name in the
    answer. `payloads` are the selections of payloads that are known before the operation runs (`mutating.py`), and
    `refused` the refusals of root fields that are, by their names as well.
    """

    principal: Principal
    _planner: Planner | None = None
    answers: dict[Root, Any] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    payloads: Mapping[str, Selection] = field(default_factory=dict)
    refused: Mapping[str, TooBroad] = field(default_factory=dict)

    def planner(self, info: GraphQLResolveInfo[Any]) -> Planner:
        """Return the planner of the operation that `info` belongs to."""
        if self._planner is None:
            # Strawberry passes resolvers the coerced values only.
            variables = cast(dict[str, Any], info.variable_values)
            self._planner = Planner(info.schema, info.fragments, info.operation, variables, checks_for=self.principal)
        return self._planner

    def payload(self, info: GraphQLResolveInfo[Any]) -> Selection:
        """Return the selection from the object in the payload of the mutation that `info` belongs to.

        Raises `GraphQLError`, before the first mutation runs, for a refusal in the selection of any of them.
        """
        key = cast(str, info.path.key)
        known = self.payloads.get(key)
        return self.planner(info).payload(key) if known is None else known
