"""The parameters of each kind of URL: headers, and queries from the declarations of filters and resources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import django_filters

from rest_api.openapi.fields import PLAIN_NUMBER
from rest_api.openapi.schemas import Schema
from rest_api.query import MAX_PATH_LENGTH, MAX_PATHS
from walletsvc.money import MAX_TEXT
from walletsvc.queries.filters import (
    FILTER_SETS,
    AmountFilter,
    IdFilter,
    NumberFilter,
    OwnerFilter,
    TextFilter,
    TimeFilter,
)
from walletsvc.queries.questions import DEFAULT_PAGE_SIZE, MAX_PAGE_NUMBER, MAX_PAGE_SIZE
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES
from walletsvc.web.idempotency import IDEMPOTENCY_KEY

Parameter = dict[str, Any]


def header(name: str, description: str, **schema: object) -> Parameter:
    """Return a header parameter: a string, with the further keywords of its `schema`."""
    return {"name": name, "in": "header", "schema": {"type": "string", **schema}, "description": description}


IDENTIFIER: Parameter = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"},
}
CONDITIONS = [
    header("If-Match", "The ETag that the client has seen: 412 if it has changed."),
    header("If-None-Match", "The ETag that the client has: if unchanged, 304 for a read, 412 for a write."),
]
KEY = header(
    IDEMPOTENCY_KEY,
    "Names this request, bare or as a quoted string (RFC 8941). Sent again with the same key, the same request gets"
    " the same answer; another one gets 422.",
    pattern=r"""^(?:[!#-~][!-~]{0,254}|"(?:[!#-\[\]-~]|\\["\\]){1,255}")$""",
)


def list_parameters(resource: Resource, *, parent: str = "") -> list[Parameter]:
    """Return the parameters of a list. That of one `parent` cannot be filtered by it again."""
    return [*_filters(resource, parent), _sort(resource), *page_parameters(), *document_parameters(resource)]


def document_parameters(resource: Resource) -> list[Parameter]:
    """Return the parameters of a document with resources."""
    paths = sorted(_paths(resource, MAX_PATH_LENGTH))
    description = f"Related resources to include, by at most {MAX_PATHS} paths: {', '.join(paths)}."
    include = in_query("include", listing(paths, most=MAX_PATHS), description)
    return [include, *_fields()]


def page_parameters() -> list[Parameter]:
    """Return the parameters of a page, by number or by cursor.

    None has a `default`: generated clients send it unasked, and a page selected by cursor has no number.
    """
    cursor = {"type": "string", "minLength": 1, "format": "cursor"}
    return [
        in_query(
            "page[number]",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_NUMBER},
            "The number of the page, from 1; cannot be combined with a cursor.",
        ),
        in_query(
            "page[size]",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE},
            f"The resources on a page: {DEFAULT_PAGE_SIZE} by default, {MAX_PAGE_SIZE} between two cursors.",
        ),
        in_query("page[after]", cursor, "The page after this cursor of a list in the same order."),
        in_query("page[before]", cursor, "The page before this cursor of a list in the same order."),
    ]


def in_query(name: str, schema: Schema, description: str) -> Parameter:
    """Return a query parameter."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


def listing(names: Iterable[str], *, most: int | None = None, may_be_empty: bool = True) -> Schema:
    """Return the schema of a list of names: one comma-separated value, as in JSON:API.

    Many generators ignore `explode: false`: from an array they would make one parameter for each name.
    """
    name = "|".join(re.escape(name).replace("\\-", "-") for name in names)
    more = "*" if most is None else f"{{0,{most - 1}}}"
    pattern = f"(?:{name})(?:,(?:{name})){more}"
    return {"type": "string", "pattern": f"^(?:{pattern})?$" if may_be_empty else f"^{pattern}$"}


def _filters(resource: Resource, parent: str) -> Iterator[Parameter]:
    for name, declared in FILTER_SETS[resource.name].base_filters.items():
        if name == parent:
            continue
        description = f"Only matches: {name.replace('.', ' ')}."
        if isinstance(declared, OwnerFilter):
            description += " Empty for those of nobody. Not for callers that are bound to an owner."
        yield in_query(f"filter[{name}]", _filter_schema(declared), description)


def _filter_schema(declared: django_filters.Filter) -> Schema:
    if isinstance(declared, AmountFilter):
        return {"type": "string", "pattern": PLAIN_NUMBER, "maxLength": MAX_TEXT}
    if isinstance(declared, IdFilter | NumberFilter):
        return {"type": "string", "pattern": "^[0-9]+$"}
    if isinstance(declared, TimeFilter):
        return {"type": "string", "format": "date-time"}
    if isinstance(declared, django_filters.ChoiceFilter):
        return {"type": "string", "enum": [value for value, _ in declared.extra["choices"]]}
    if isinstance(declared, OwnerFilter):
        return {"type": "string", "maxLength": declared.extra["max_length"], "pattern": "^[^\\u0000]*$"}
    if isinstance(declared, TextFilter):
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": declared.extra["max_length"],
            "pattern": "^[^\\u0000]+$",
        }
    raise TypeError(f"There is no schema for a {type(declared).__name__}.")


def _sort(resource: Resource) -> Parameter:
    names = [sign + name for name in resource.orders for sign in ("", "-")]
    # No name may repeat, in either direction.
    schema = listing(names, may_be_empty=False) | {"not": {"pattern": r"(?:^|,)-?([A-Za-z]+)(?:,.*)?,-?\1(?:,|$)"}}
    description = f"Sort by, - for descending: {', '.join(resource.orders)}. The order always ends in the id."
    return in_query("sort", schema, description)


def _fields() -> Iterator[Parameter]:
    for resource in RESOURCES.values():
        names = [*(each.name for each in resource.fields), *resource.to_one, *resource.to_many]
        yield in_query(
            f"fields[{resource.name}]",
            listing(names),
            f"The fields of each {resource.name} in the answer: {', '.join(names)}.",
        )


def _paths(resource: Resource, length: int, *, may_be_many: bool = True, may_be_same: bool = True) -> Iterator[str]:
    """Yield the paths that can be included.

    Each has at most one to-many relationship, and at most one that leads to another resource of the same type.
    """
    if not length:
        return
    targets = {name: relation.target for name, relation in resource.to_one.items()}
    if may_be_many:
        targets |= {name: relation.target for name, relation in resource.to_many.items()}
    for name, target in targets.items():
        is_same = target == resource.name
        if is_same and not may_be_same:
            continue
        yield name
        following = _paths(
            RESOURCES[target],
            length - 1,
            may_be_many=may_be_many and name in resource.to_one,
            may_be_same=may_be_same and not is_same,
        )
        yield from (f"{name}.{path}" for path in following)
