"""To-many relations that a client declares empty: `"transactions": {"data": []}`."""

from __future__ import annotations

from dataclasses import dataclass

from rest_api.endpoints import Endpoint
from walletsvc.commands.inputs import Reference, resolve
from walletsvc.errors import Forbidden
from walletsvc.principals import Principal
from walletsvc.queries.questions import CursorPage, Question, Selection
from walletsvc.queries.selectors import list_records


@dataclass(frozen=True, slots=True)
class EmptyRelations:
    """The condition that some to-many relations of a resource are empty.

    Writing an empty relation removes nothing, so an empty one needs no work and any other is refused.
    """

    endpoint: Endpoint
    identifier: Reference
    names: tuple[str, ...]
    principal: Principal

    def check(self) -> None:
        """Raise `Forbidden` if one of them is not empty."""
        for name in self.names:
            relation = self.endpoint.resource.to_many[name]
            parent = relation.filter, str(resolve(self.identifier))
            nothing = Selection(fields=frozenset())
            question = Question(relation.target, nothing, filters=(parent,), page=CursorPage(size=1))
            if list_records(principal=self.principal, question=question).rows:
                detail = f"{name} cannot be written through {self.endpoint.name}, and is not empty."
                raise Forbidden(detail, field=name)
