"""To-many relations that a client says are empty: `"transactions": {"data": []}`."""

from __future__ import annotations

from typing import TypeVar

from rest_api.endpoints import Endpoint
from walletsvc.errors import Forbidden
from walletsvc.principals import Principal
from walletsvc.reading.questions import CursorPage, Question, Selection
from walletsvc.selectors.records import list_records
from walletsvc.services.inputs import Reference, resolve
from walletsvc.services.steps import Step, guarded

T = TypeVar("T")


def expect_nothing(
    step: Step[T], endpoint: Endpoint, identifier: Reference, names: tuple[str, ...], *, principal: Principal
) -> Step[T]:
    """Return the step that is refused, by `Forbidden`, where one of the relations called `names` leads anywhere.

    Nothing is taken out of a relation by saying that it is empty; where it is, there is nothing to be done.
    """
    if not names:
        return step

    def check() -> None:
        for name in names:
            relation = endpoint.resource.to_many[name]
            parent = relation.column.removesuffix("_id"), str(resolve(identifier))
            nothing = Selection(fields=frozenset())
            question = Question(relation.target, nothing, filters=(parent,), page=CursorPage(size=1))
            if list_records(principal=principal, question=question).records:
                raise Forbidden(f"{name} is not written as a part of {endpoint.name}, and is not empty.", field=name)

    return guarded(step, check)
