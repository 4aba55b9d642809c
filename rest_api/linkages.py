"""Request documents of a relationship: linkage as primary data."""

from __future__ import annotations

from rest_api.documents import check_linkage
from rest_api.errors import Problem, Refused
from walletsvc import errors


def read_to_one(document: object, type_name: str) -> str | None:
    """Return the id of the `type_name` that a to-one relationship should lead to, or None.

    Raises `Refused`: 422 for a wrong structure, 409 for another type.
    """
    linkage = _data(document)
    problems = check_linkage(linkage, type_name, "/data")
    if problems:
        raise Refused(*problems)
    return linkage["id"] if isinstance(linkage, dict) else None


def check_to_many(document: object, type_name: str) -> None:
    """Raise `Refused` unless the document has an array of identifiers of `type_name`."""
    linkage = _data(document)
    if not isinstance(linkage, list):
        raise Refused(_invalid("A to-many linkage is an array of resource identifier objects.", "/data"))
    problems = [problem for place, each in enumerate(linkage) for problem in _check_member(each, type_name, place)]
    if problems:
        raise Refused(*problems)


def _check_member(identifier: object, type_name: str, place: int) -> list[Problem]:
    pointer = f"/data/{place}"
    if identifier is None:
        return [_invalid("A resource identifier object is expected.", pointer)]
    return check_linkage(identifier, type_name, pointer)


def _data(document: object) -> object:
    if not isinstance(document, dict):
        raise Refused(_invalid("An object is expected.", ""))
    if "data" not in document:
        raise Refused(Problem(422, errors.Required.code, "The member data is missing.", pointer=""))
    return document["data"]


def _invalid(detail: str, pointer: str) -> Problem:
    return Problem(422, errors.Invalid.code, detail, pointer=pointer)
