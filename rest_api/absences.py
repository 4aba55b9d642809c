"""To-many relations that a client says are empty: `"transactions": {"data": []}`."""

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
    """The condition that relations of a resource lead nowhere.

    Nothing is taken out of a relation by saying that it is empty; where it is, there is nothing to be done.
    """

    endpoint: Endpoint
    identifier: Reference
    names: tuple[str, ...]
    principal: Principal

    def check(self) -> None:
        """Raise `Forbidden` where one of them leads anywhere."""
        for name in self.names:
            relation = self.endpoint.resource.to_many[name]
            parent = relation.column.removesuffix("_id"), str(resolve(self.identifier))
            nothing = Selection(fields=frozenset())
            question = Question(relation.target, nothing, filters=(parent,), page=CursorPage(size=1))
            if list_records(principal=self.principal, question=question).records:
                detail = f"{name} is not written as a part of {self.endpoint.name}, and is not empty."
                raise Forbidden(detail, field=name)
