"""Local ids: names for resources that a request creates (https://jsonapi.org/format/#document-resource-object-identification)."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.errors import Problem
from walletsvc import errors
from walletsvc.commands.inputs import LocalId


class LocalIds:
    """The resources that the document has created so far, by type and lid."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], LocalId] = {}
        self._found: set[LocalId] = set()

    def check_new(self, type_name: str, lid: object, pointer: str) -> Iterator[Problem]:
        """Yield the problems with the lid of a new resource."""
        if not isinstance(lid, str):
            yield _invalid("A local id is a string.", pointer)
        elif (type_name, lid) in self._known:
            yield _invalid(f"Another {type_name} already has the local id {lid[:64]!r}.", pointer)

    def add(self, type_name: str, lid: str) -> LocalId:
        """Register the lid of a new resource and return its placeholder."""
        return self._known.setdefault((type_name, lid), LocalId())

    def check(self, type_name: str, lid: object, pointer: str) -> Iterator[Problem]:
        """Yield the problems with a reference to a `type_name` by its lid."""
        if not isinstance(lid, str):
            yield _invalid("A local id is a string.", pointer)
        elif (type_name, lid) not in self._known:
            others = [name for name, known in self._known if known == lid]
            if others:
                detail = f"The local id {lid[:64]!r} names a {others[0]}, not a {type_name}."
                yield Problem(409, "type_conflict", detail, pointer=pointer)
            else:
                detail = f"No earlier operation creates a {type_name} with the local id {lid[:64]!r}."
                yield _invalid(detail, pointer)

    def find(self, type_name: str, lid: str) -> LocalId:
        """Return the placeholder of the resource with a lid that passed `check`."""
        found = self._known[type_name, lid]
        self._found.add(found)
        return found

    def is_referred_to(self, local_id: LocalId) -> bool:
        """Tell whether anything refers to it so far."""
        return local_id in self._found


def _invalid(detail: str, pointer: str) -> Problem:
    return Problem(422, errors.Invalid.code, detail, pointer=pointer)
