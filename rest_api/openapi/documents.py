"""JSON schemas of response documents, except refusals."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.create import NOT_INCLUDED, WALLET_THEN
from rest_api.encoder import VERSION
from rest_api.endpoints import ENDPOINTS, Endpoint
from rest_api.openapi.fields import output_attributes
from rest_api.openapi.schemas import ID, OBJECT, STRING, Schema, any_of, ref
from rest_api.operations.documents import RESULTS
from walletsvc.schema.resources import TRANSACTION

LINK: Schema = {
    "anyOf": [
        STRING,
        {"type": "null"},
        {"type": "object", "required": ["href"], "properties": {"href": STRING, "type": STRING}},
    ]
}
JSON_API: Schema = {
    "type": "object",
    "required": ["version"],
    "properties": {
        "version": {"const": VERSION},
        "ext": {"type": "array", "items": STRING},
        "profile": {"type": "array", "items": STRING},
    },
    "additionalProperties": False,
}
META: Schema = {
    "type": "object",
    "properties": {
        "pagination": {
            "type": "object",
            "required": ["page", "pages", "count"],
            "properties": {
                **{name: {"type": "integer", "minimum": 0} for name in ("page", "pages", "count")},
                "countIsMinimum": {
                    "type": "boolean",
                    "description": "True if the list may be longer than was counted, else absent: then `count` and"
                    " `pages` are what it has at least, and the link `last` is null.",
                },
            },
        },
        "page": {"type": "object", "properties": {"rangeTruncated": {"type": "boolean"}}},
    },
}
WRITTEN_META: Schema = {
    "type": "object",
    "properties": {
        NOT_INCLUDED: {
            "type": "array",
            "items": STRING,
            "description": "After a write: the paths of `include` that could not be read. The write is stored.",
        }
    },
}

TRANSACTION_META: Schema = {
    "type": "object",
    "properties": {
        WALLET_THEN: {
            "type": "object",
            "description": "In the answer to a POST: how its wallet stood after the entry that posted it.",
            "required": ["sequence", "balance", "held"],
            "properties": {
                "sequence": {"type": "integer", "minimum": 1, "description": "That of the entry."},
                "balance": {**STRING, "description": "The balance after it."},
                "held": {**STRING, "description": "What was held then."},
            },
            "additionalProperties": False,
        }
    },
}


def document_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas by their names."""
    yield "Link", LINK
    yield "Links", {"type": "object", "additionalProperties": ref("Link")}
    yield "JsonApi", JSON_API
    for endpoint in ENDPOINTS.values():
        name = endpoint.name
        yield f"{name}Identifier", identifier(endpoint)
        yield name, _resource(endpoint)
        yield f"{name}Document", _document(ref(name), has_included=True, meta=WRITTEN_META)
        yield f"Related{name}", _document({"anyOf": [ref(name), {"type": "null"}]}, has_included=True)
        yield f"{name}List", _document({"type": "array", "items": ref(name)}, has_included=True, meta=META)
        yield f"{name}Linkage", _document({"anyOf": [ref(f"{name}Identifier"), {"type": "null"}]})
        many = {"type": "array", "items": ref(f"{name}Identifier")}
        yield f"{name}LinkageList", _document(many, meta=META)
    yield (
        "Root",
        {
            "type": "object",
            "required": ["jsonapi", "meta"],
            "properties": {"jsonapi": ref("JsonApi"), "links": ref("Links"), "meta": OBJECT},
            "additionalProperties": False,
        },
    )
    yield "Results", _results()


def identifier(endpoint: Endpoint) -> Schema:
    """Return the schema of a resource identifier object."""
    return {
        "type": "object",
        "required": ["type", "id"],
        "properties": {"type": {"const": endpoint.name}, "id": ID, "meta": OBJECT},
        "additionalProperties": False,
    }


def _resource(endpoint: Endpoint) -> Schema:
    relationships: Schema = {}
    for name, relation in endpoint.resource.to_one.items():
        linkage = {"anyOf": [ref(f"{relation.target}Identifier"), {"type": "null"}]}
        relationships[name] = _relationship(linkage) | {"required": ["links", "data"]}
    for name, many in endpoint.resource.to_many.items():
        linkages = {"type": "array", "items": ref(f"{many.target}Identifier")}
        relationships[name] = _relationship(linkages) | {"required": ["links"]}
    return {
        "type": "object",
        "description": endpoint.resource.description,
        "required": ["type", "id", "links"],
        "properties": {
            "type": {"const": endpoint.name},
            "id": ID,
            "attributes": output_attributes(endpoint),
            "relationships": {"type": "object", "properties": relationships, "additionalProperties": False},
            "links": ref("Links"),
            "meta": TRANSACTION_META if endpoint.resource is TRANSACTION else OBJECT,
        },
        "additionalProperties": False,
    }


def _relationship(linkage: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"links": ref("Links"), "data": linkage},
        "additionalProperties": False,
    }


def _document(data: Schema, *, has_included: bool = False, meta: Schema | None = None) -> Schema:
    properties: Schema = {"jsonapi": ref("JsonApi"), "data": data, "links": ref("Links")}
    if has_included:
        properties["included"] = {"type": "array", "items": any_of(ENDPOINTS)}
    if meta is not None:
        properties["meta"] = meta
    return {
        "type": "object",
        "required": ["jsonapi", "data", "links"],
        "properties": properties,
        "additionalProperties": False,
    }


def _results() -> Schema:
    written = any_of(name for name, endpoint in ENDPOINTS.items() if endpoint.create is not None)
    result = {"type": "object", "properties": {"data": written}, "additionalProperties": False}
    return {
        "type": "object",
        "required": ["jsonapi", RESULTS],
        "properties": {"jsonapi": ref("JsonApi"), RESULTS: {"type": "array", "minItems": 1, "items": result}},
        "additionalProperties": False,
    }
