"""JSON schemas of request documents."""

from __future__ import annotations

from collections.abc import Iterator

from rest_api.endpoints import ENDPOINTS, Action, Endpoint
from rest_api.openapi.fields import input_attributes
from rest_api.openapi.schemas import ID, OBJECT, STRING, Schema, closed_object, given_identifier, ref
from rest_api.operations.documents import MAX_OPERATIONS, OPERATIONS
from rest_api.operations.targets import MAX_HREF_LENGTH
from walletsvc.schema.declarations import ToOne


def request_schemas() -> Iterator[tuple[str, Schema]]:
    """Yield the schemas by their names."""
    for name, endpoint in ENDPOINTS.items():
        if endpoint.create is not None:
            for variant in new_names(endpoint):
                yield variant, _new_resource(endpoint, has_relations=variant != f"New{name}")
            yield f"Changed{name}", _changed_resource(endpoint)
        for action in endpoint.actions.values():
            yield new_name(endpoint, action), _new_resource(action.endpoint, has_relations=False)
    yield "Operation", _operation()
    operations = {"type": "array", "minItems": 1, "maxItems": MAX_OPERATIONS, "items": ref("Operation")}
    yield "Operations", {"type": "object", "required": [OPERATIONS], "properties": {OPERATIONS: operations}}


def request_document(data: Schema) -> Schema:
    """Return the schema of a document with this primary data. Other members are ignored, as JSON:API requires."""
    return {"type": "object", "required": ["data"], "properties": {"data": data}}


def new_names(endpoint: Endpoint) -> list[str]:
    """Return the names of the schemas for a new resource's object.

    Its relations are given as relationships, or else as attributes. Each gets a schema of its own: generators take
    one schema that says "either, or" of its members for an object without members.
    """
    name = f"New{endpoint.name}"
    return [name, f"{name}ByAttribute"] if endpoint.writable_relations else [name]


def singular(action: Action) -> str:
    """Return the name of what an action makes: Reversal for reversals."""
    return action.name.removesuffix("s").capitalize()


def new_name(endpoint: Endpoint, action: Action) -> str:
    """Return the name of the schema for the object that an action on a resource of `endpoint` takes."""
    return f"New{endpoint.name}{singular(action)}"


def _new_resource(endpoint: Endpoint, *, has_relations: bool) -> Schema:
    attributes = input_attributes(endpoint, is_new=True, has_relations=has_relations)
    schema = _written(endpoint, attributes)
    schema["required"] = ["type", "attributes"] if "required" in attributes else ["type"]
    for name, relation in endpoint.given_relations.items():
        schema["properties"]["relationships"]["properties"].setdefault(name, _to_one(relation))
    relationships = schema["properties"]["relationships"]["properties"]
    schema["properties"]["relationships"] = closed_object(relationships)
    schema["properties"]["lid"] = STRING
    if has_relations:
        schema["description"] = "The form from before relationships existed."
        schema["deprecated"] = True
    elif endpoint.writable_relations:
        schema["required"].append("relationships")
        schema["properties"]["relationships"]["required"] = endpoint.required_relations
    return schema


def _changed_resource(endpoint: Endpoint) -> Schema:
    schema = _written(endpoint, input_attributes(endpoint, is_new=False, has_relations=True))
    schema["required"] = ["type", "id"]
    schema["properties"]["id"] = ID
    return schema


def _written(endpoint: Endpoint, attributes: Schema) -> Schema:
    relationships = {name: _to_one(endpoint.resource.to_one[name]) for name in endpoint.changeable_relations}
    for name, relation in endpoint.resource.to_many.items():
        items = given_identifier(relation.target)
        relationships[name] = {
            "type": "object",
            "description": "May be given if it is empty, for clients that know the relation.",
            "required": ["data"],
            "properties": {"data": {"type": "array", "maxItems": 0, "items": items}},
        }
    return {
        "type": "object",
        "properties": {
            "type": {"const": endpoint.name},
            "attributes": attributes,
            "relationships": closed_object(relationships),
        },
    }


def _to_one(relation: ToOne) -> Schema:
    data = given_identifier(relation.target)
    return {"type": "object", "required": ["data"], "properties": {"data": data}}


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
            "href": {"type": "string", "format": "uri-reference", "maxLength": MAX_HREF_LENGTH},
            "data": {
                "description": "A resource object, or the linkage of a relationship.",
                "anyOf": [OBJECT, {"type": "null"}],
            },
        },
        "description": "As in a single request; lid refers to a resource that an earlier operation created.",
    }
