"""All that can be asked, as the product says itself: its URL resolver, OpenAPI document and GraphQL schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
)

_LISTED = re.compile(r"\(\?:([^()]*)\)")


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """Something that can be asked: where it is, its kind, and its name there."""

    place: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.place} {self.kind} {self.name}".strip()


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[Thing]:
    """Yield each method of each URL pattern, by the name of its route, or of its view."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, f"{prefix}{each.pattern}")
            continue
        view: Any = each.callback
        allowed = getattr(view, "view_initkwargs", {}).get("http_method_names")
        if allowed is None and hasattr(view, "view_class"):
            allowed = [name for name in view.view_class.http_method_names if hasattr(view.view_class, name)]
        # A function decides itself: it is asked with all of them.
        for method in allowed or ("get", "post", "patch", "delete", "options"):
            yield Thing(each.name or view.__name__, "method", method.upper())


def described(document: dict[str, Any]) -> Iterator[Thing]:
    """Yield each parameter and its choices, each attribute and relationship of a body, and each kind of operation."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            place = f"{method.upper()} {path}"
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "query":
                    yield from _parameter(place, parameter)
                else:
                    yield Thing(place, parameter["in"], parameter["name"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from _body(place, content["schema"], schemas)
    for code in schemas["Operation"]["properties"]["op"]["enum"]:
        for resource in schemas["Operation"]["properties"]["ref"]["properties"]["type"]["enum"]:
            yield Thing(resource, "operation", code)
            for relation in schemas[resource]["properties"]["relationships"]["properties"]:
                yield Thing(resource, "operation", f"{code} {relation}")


def _parameter(place: str, parameter: dict[str, Any]) -> Iterator[Thing]:
    name = parameter["name"]
    listed = _LISTED.search(parameter["schema"].get("pattern", "").removeprefix("^(?:"))
    if name in ("include", "sort") or name.startswith("fields["):
        assert listed, parameter
        for choice in listed[1].split("|"):
            yield Thing(place, name, choice.replace("\\", ""))
    else:
        yield Thing(place, "parameter", name)


def _body(place: str, schema: dict[str, Any], schemas: dict[str, Any]) -> Iterator[Thing]:
    for part in (schema, *schema.get("anyOf", ())):
        found = schemas[part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        members = found.get("properties", {})
        if "data" in members and found is not schemas["Operation"]:
            yield from _body(place, members["data"], schemas)
        for kind in ("attributes", "relationships"):
            for name in members.get(kind, {}).get("properties", ()):
                yield Thing(place, kind, name)


def fields(schema: GraphQLSchema) -> Iterator[Thing]:
    """Yield each field, argument and member of an input of a GraphQL schema, and each value of an enum."""
    for name, kind in schema.type_map.items():
        if name.startswith("__"):
            continue
        if isinstance(kind, GraphQLObjectType):
            for field, declared in kind.fields.items():
                yield Thing(name, "field", field)
                for argument in declared.args:
                    yield Thing(f"{name}.{field}", "argument", argument)
        elif isinstance(kind, GraphQLInputObjectType):
            for field, declared_input in kind.fields.items():
                inner = get_named_type(declared_input.type)
                # The members of a comparison are asked with the field that they compare.
                if not name.endswith("Filter"):
                    for member in inner.fields if isinstance(inner, GraphQLInputObjectType) else ("",):
                        yield Thing(name, "input", f"{field}.{member}" if member else field)
        elif isinstance(kind, GraphQLEnumType):
            for value in kind.values:
                yield Thing(name, "value", value)
