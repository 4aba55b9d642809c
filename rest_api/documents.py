"""Request documents with one resource object, checked as far as JSON:API itself defines them.

The commands judge the values, which reach them unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rest_api.endpoints import Attribute, Endpoint
from rest_api.errors import Problem, Refused, camel_case
from rest_api.local_ids import LocalIds
from walletsvc import errors
from walletsvc.commands.inputs import LocalId
from walletsvc.schema.resources import MAX_LEGS


@dataclass(slots=True)
class ResourceInput:
    """The values that a resource object asks to write, unparsed, by serializer field."""

    base: str
    local_ids: LocalIds = field(default_factory=LocalIds)
    values: dict[str, Any] = field(default_factory=dict)
    pointers: dict[str, str] = field(default_factory=dict)
    """The pointers to the values, relative to `base`."""
    without: tuple[str, ...] = ()
    """The to-many relations that it declares empty."""
    attributes: frozenset[str] = frozenset()
    """The fields that its attributes object can hold, if it has one."""

    def locate(self, field_name: str) -> str:
        """Return the pointer to an input.

        A part of an input has its place behind a dot: `legs.2.amount`. For a missing input, it is the object that
        lacks it: a pointer must lead to an existing member (https://jsonapi.org/format/#error-objects).
        """
        name, *inside = field_name.split(".")
        if name not in self.pointers:
            return self.base + ("/attributes" if name in self.attributes else "")
        return "/".join([self.base + self.pointers[name], *map(camel_case, inside)])


def read_resource(
    document: object, endpoint: Endpoint, *, expected_id: str | None = None, base: str = "/data"
) -> ResourceInput:
    """Return the values for a new resource of `endpoint`, or for a change of the resource `expected_id`.

    `base` is the pointer to the resource object. Raises `Refused` with every problem found: 422 for a wrong structure
    or member, 409 for another type or id, 403 for an id chosen by the client and for members that cannot be written.
    """
    resource = _member(document, "data", pointer="")
    if not isinstance(resource, dict):
        raise Refused(_invalid("One resource object is expected.", base))
    _raise_if_any(check_identity(resource, endpoint.name, expected_id, base))
    return read_fields(resource, endpoint, base=base)


def read_fields(
    resource: Mapping[str, Any], endpoint: Endpoint, *, base: str, local_ids: LocalIds | None = None
) -> ResourceInput:
    """Return the attributes and relationships of a resource object; `local_ids` are those of its document.

    Raises `Refused` with every problem found.
    """
    written = ResourceInput(base, local_ids or LocalIds())
    problems = _read_attributes(resource, endpoint, written) + _read_relationships(resource, endpoint, written)
    _raise_if_any(problems)
    return written


def _member(document: object, name: str, *, pointer: str) -> object:
    if not isinstance(document, dict):
        raise Refused(_invalid("An object is expected.", pointer))
    if name not in document:
        raise Refused(_required(f"The member {name} is missing.", pointer))
    return document[name]


def _raise_if_any(problems: list[Problem]) -> None:
    if problems:
        raise Refused(*problems)


def _invalid(detail: str, pointer: str) -> Problem:
    return Problem(422, errors.Invalid.code, detail, pointer=pointer)


def _required(detail: str, pointer: str) -> Problem:
    return Problem(422, errors.Required.code, detail, pointer=pointer)


# -- identity ------------------------------------------------------------------------------------------


def check_identity(resource: Mapping[str, Any], type_name: str, expected_id: str | None, base: str) -> list[Problem]:
    """Return the problems with type, id and lid of a resource object; without `expected_id` it is a new one."""
    problems = check_type(resource, type_name, base)
    identifier = resource.get("id")
    if "lid" in resource and not isinstance(resource["lid"], str):
        problems.append(_invalid("A local id is a string.", f"{base}/lid"))
    if expected_id is None:
        if "id" in resource:
            problems.append(Problem(403, errors.Forbidden.code, "This server assigns the ids.", pointer=f"{base}/id"))
    elif "id" not in resource:
        problems.append(_required("The member id is missing.", base))
    elif not isinstance(identifier, str):
        problems.append(_invalid("An id is a string.", f"{base}/id"))
    elif identifier != expected_id:
        detail = f"The URL names the resource {expected_id[:64]!r}."
        problems.append(Problem(409, "id_conflict", detail, pointer=f"{base}/id"))
    return problems


def check_type(identified: Mapping[str, Any], type_name: str, base: str) -> list[Problem]:
    """Return the problems with the type of a resource object or identifier."""
    if "type" not in identified:
        return [_required("The member type is missing.", base)]
    if not isinstance(identified["type"], str):
        return [_invalid("A type is a string.", f"{base}/type")]
    if identified["type"] != type_name:
        return [Problem(409, "type_conflict", f"The type must be {type_name}.", pointer=f"{base}/type")]
    return []


# -- attributes ----------------------------------------------------------------------------------------


def _read_attributes(resource: Mapping[str, Any], endpoint: Endpoint, written: ResourceInput) -> list[Problem]:
    if "attributes" not in resource:
        return []
    attributes = resource["attributes"]
    if not isinstance(attributes, dict):
        return [_invalid("The attributes are an object.", f"{written.base}/attributes")]
    problems: list[Problem] = []
    written.attributes = endpoint.attribute_fields
    for name, value in attributes.items():
        known = endpoint.attributes.get(name)
        if known is not None and known.is_writable:
            written.values[known.field] = value
            written.pointers[known.field] = known.pointer
            if known.references:
                problems += _read_references(known, written)
        elif name.startswith("@"):
            continue  # JSON:API: @-members are ignored.
        elif name in endpoint.given_relations:
            # Kept from before relationships existed: {"wallet": "1"}.
            written.values[name] = value
            written.pointers[name] = f"/attributes/{name}"
        else:
            pointer = f"{written.base}/attributes/{_escape(name)}"
            if known is not None:
                problem = Problem(
                    422,
                    errors.Immutable.code,
                    f"Clients cannot write the {name} of a {endpoint.name}.",
                    pointer=pointer,
                )
            else:
                problem = _invalid(f"{endpoint.name} has no attribute {name[:64]!r}.", pointer)
            problems.append(problem)
    return problems


def _read_references(attribute: Attribute, written: ResourceInput) -> list[Problem]:
    """Put ids in the place of the resource identifier objects that a list of objects, such as legs, has as members.

    Returns the problems with these. The command judges anything else, and lists that are too long.
    """
    members, read, problems = written.values[attribute.field], [], []
    if not isinstance(members, list) or len(members) > MAX_LEGS:
        return []
    for place, member in enumerate(members):
        ids = {}
        for name, type_name in attribute.references:
            linkage = member.get(name) if isinstance(member, dict) else None
            if isinstance(linkage, dict):
                pointer = f"{written.base}{attribute.pointer}/{place}/{name}"
                found = check_linkage(linkage, type_name, pointer, written.local_ids)
                problems += found
                if not found:
                    ids[name] = identify(linkage, written.local_ids)
        read.append({**member, **ids} if ids else member)
    written.values[attribute.field] = read
    return problems


def _escape(name: str) -> str:
    """Return a member's name as a JSON pointer spells it (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


# -- relationships -------------------------------------------------------------------------------------


def _read_relationships(resource: Mapping[str, Any], endpoint: Endpoint, written: ResourceInput) -> list[Problem]:
    if "relationships" not in resource:
        return []
    relationships = resource["relationships"]
    base = f"{written.base}/relationships"
    if not isinstance(relationships, dict):
        return [_invalid("The relationships are an object.", base)]
    problems = []
    for name, relationship in relationships.items():
        if name.startswith("@"):
            continue
        if name in endpoint.given_relations:
            problems += _read_relationship(relationship, endpoint, name, written)
        elif name in endpoint.resource.to_many and _is_empty(relationship):
            # Clients that know the relation send it empty. True of a new resource; for others, it is checked.
            written.without += (name,)
            written.pointers[name] = f"/relationships/{name}"
        elif name in endpoint.resource.to_one or name in endpoint.resource.to_many:
            detail = f"{name} cannot be written through {endpoint.name}."
            problems.append(Problem(403, errors.Forbidden.code, detail, pointer=f"{base}/{name}"))
        else:
            detail = f"{endpoint.name} has no relationship {name[:64]!r}."
            problems.append(_invalid(detail, f"{base}/{_escape(name)}"))
    return problems


def _is_empty(relationship: object) -> bool:
    return isinstance(relationship, dict) and relationship.get("data") == []


def _read_relationship(relationship: object, endpoint: Endpoint, name: str, written: ResourceInput) -> list[Problem]:
    place = f"/relationships/{name}"
    pointer = written.base + place
    if not isinstance(relationship, dict):
        return [_invalid("A relationship is an object with the member data.", pointer)]
    if "data" not in relationship:
        return [_required("The member data is missing.", pointer)]
    linkage = relationship["data"]
    problems = check_linkage(linkage, endpoint.given_relations[name].target, f"{pointer}/data", written.local_ids)
    if problems:
        return problems
    identifier = identify(linkage, written.local_ids)
    if name in written.values and str(written.values[name]) != identifier:
        problems.append(_invalid(f"{name} is given twice, with different values.", written.locate(name)))
    written.values[name] = identifier
    written.pointers[name] = place
    return problems


def check_linkage(linkage: object, type_name: str, pointer: str, local_ids: LocalIds | None = None) -> list[Problem]:
    """Return the problems with a to-one linkage, which is null or the identifier of a `type_name`."""
    if linkage is None:
        return []
    if not isinstance(linkage, dict):
        return [_invalid("A linkage is null or a resource identifier object.", pointer)]
    problems = check_type(linkage, type_name, pointer)
    if "id" in linkage:
        if not isinstance(linkage["id"], str):
            problems.append(_invalid("An id is a string.", f"{pointer}/id"))
    elif "lid" in linkage:
        problems += (local_ids or LocalIds()).check(type_name, linkage["lid"], f"{pointer}/lid")
    else:
        problems.append(_required("The member id is missing.", pointer))
    return problems


def identify(linkage: Any, local_ids: LocalIds) -> str | LocalId | None:
    """Return the id or local id in a linkage that passed `check_linkage`."""
    if linkage is None:
        return None
    identifier: str | LocalId = linkage["id"] if "id" in linkage else local_ids.find(linkage["type"], linkage["lid"])
    return identifier
