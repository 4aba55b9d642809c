"""JSON schemas of the documents: what is sent, and what is answered."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.description.fields import Schema, closed_object, input_attributes, output_attributes
from rest_api.encoder import VERSION
from rest_api.endpoints import ENDPOINTS, Endpoint
from rest_api.operations.documents import MAX_OPERATIONS, OPERATIONS, RESULTS

STRING: Schema = {"type": "string"}
OBJECT: Schema = {"type": "object"}
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
ID: Schema = {"type": "string", "pattern": "^[1-9][0-9]*$"}
META: Schema = {
    "type": "object",
    "properties": {
        "pagination": {
            "type": "object",
            "required": ["page", "pages", "count"],
            "properties": {name: {"type": "integer", "minimum": 0} for name in ("page", "pages", "count")},
        },
        "page": {"type": "object", "properties": {"rangeTruncated": {"type": "boolean"}}},
    },
}


def ref(name: str) -> Schema:
    """Return the reference to a schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def document_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield all schemas but those of refusals, by their names."""
    yield "Link", LINK
    yield "Links", {"type": "object", "additionalProperties": ref("Link")}
    yield "JsonApi", JSON_API
    for endpoint in ENDPOINTS.values():
        name = endpoint.name
        yield f"{name}Identifier", identifier(endpoint)
        yield name, _resource(endpoint)
        yield f"{name}Document", _document(ref(name), has_included=True)
        yield f"{name}List", _document({"type": "array", "items": ref(name)}, has_included=True, has_meta=True)
        yield f"{name}Linkage", _document({"anyOf": [ref(f"{name}Identifier"), {"type": "null"}]})
        many = {"type": "array", "items": ref(f"{name}Identifier")}
        yield f"{name}LinkageList", _document(many, has_meta=True)
        if endpoint.create is not None:
            yield f"New{name}", new_resource(endpoint)
            yield f"Changed{name}", changed_resource(endpoint)
    yield (
        "Root",
        {
            "type": "object",
            "required": ["jsonapi", "meta"],
            "properties": {"jsonapi": ref("JsonApi"), "links": ref("Links"), "meta": OBJECT},
            "additionalProperties": False,
        },
    )
    yield "Operation", _operation()
    yield (
        "Operations",
        {
            "type": "object",
            "required": [OPERATIONS],
            "properties": {
                OPERATIONS: {"type": "array", "minItems": 1, "maxItems": MAX_OPERATIONS, "items": ref("Operation")}
            },
        },
    )
    yield "Results", _results()


# -- answers -------------------------------------------------------------------------------------------


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
        "description": (endpoint.serializer.__doc__ or "").strip(),
        "required": ["type", "id", "links"],
        "properties": {
            "type": {"const": endpoint.name},
            "id": ID,
            "attributes": output_attributes(endpoint),
            "relationships": {"type": "object", "properties": relationships, "additionalProperties": False},
            "links": ref("Links"),
            "meta": OBJECT,
        },
        "additionalProperties": False,
    }


def _relationship(linkage: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {"links": ref("Links"), "data": linkage},
        "additionalProperties": False,
    }


def _document(data: Schema, *, has_included: bool = False, has_meta: bool = False) -> Schema:
    properties: Schema = {"jsonapi": ref("JsonApi"), "data": data, "links": ref("Links")}
    if has_included:
        properties["included"] = {"type": "array", "items": {"anyOf": [ref(name) for name in ENDPOINTS]}}
    if has_meta:
        properties["meta"] = META
    return {
        "type": "object",
        "required": ["jsonapi", "data", "links"],
        "properties": properties,
        "additionalProperties": False,
    }


def _results() -> Schema:
    written = [ref(name) for name, endpoint in ENDPOINTS.items() if endpoint.create is not None]
    result = {"type": "object", "properties": {"data": {"anyOf": written}}, "additionalProperties": False}
    return {
        "type": "object",
        "required": ["jsonapi", RESULTS],
        "properties": {"jsonapi": ref("JsonApi"), RESULTS: {"type": "array", "minItems": 1, "items": result}},
        "additionalProperties": False,
    }


# -- requests ------------------------------------------------------------------------------------------


def request_document(data: Schema) -> Schema:
    """Return the schema of a document with this primary data. What else it has is ignored, as JSON:API wants."""
    return {"type": "object", "required": ["data"], "properties": {"data": data}}


def new_resource(endpoint: Endpoint) -> Schema:
    """Return the schema of the resource object that creates a resource."""
    schema = _written(endpoint, is_new=True)
    schema["required"] = ["type", "attributes"]
    schema["properties"]["lid"] = STRING
    for name in sorted(endpoint.writable_relations):
        # The attribute of this name does as well.
        in_attributes = {"properties": {"attributes": {"required": [name]}}}
        in_relationships = {"required": ["relationships"], "properties": {"relationships": {"required": [name]}}}
        schema["anyOf"] = [in_relationships, in_attributes]
    return schema


def changed_resource(endpoint: Endpoint) -> Schema:
    """Return the schema of the resource object that changes a resource."""
    schema = _written(endpoint, is_new=False)
    schema["required"] = ["type", "id"]
    schema["properties"]["id"] = ID
    return schema


def _written(endpoint: Endpoint, *, is_new: bool) -> Schema:
    relationships = {
        name: {
            "type": "object",
            "required": ["data"],
            "properties": {"data": given_identifier(ENDPOINTS[endpoint.resource.to_one[name].target])},
        }
        for name in sorted(endpoint.writable_relations)
    }
    return {
        "type": "object",
        "properties": {
            "type": {"const": endpoint.name},
            "attributes": input_attributes(endpoint, is_new=is_new),
            "relationships": closed_object(relationships),
        },
    }


def given_identifier(endpoint: Endpoint) -> Schema:
    """Return the schema of a resource identifier object in a request."""
    return {"type": "object", "required": ["type", "id"], "properties": {"type": {"const": endpoint.name}, "id": ID}}


def _operation() -> Schema:
    return {
        "type": "object",
        "required": ["op"],
        "properties": {
            "op": {"enum": ["add", "update", "remove"]},
            "ref": {
                "type": "object",
                "required": ["type"],
                "properties": {
                    "type": {"enum": list(ENDPOINTS)},
                    "id": STRING,
                    "lid": STRING,
                    "relationship": STRING,
                },
            },
            "href": {"type": "string", "format": "uri-reference"},
            "data": {
                "description": "A resource object, or the linkage of a relationship.",
                "type": ["object", "null"],
            },
        },
        "description": "What there is in a single request, with lid for what an operation before it has created.",
    }
