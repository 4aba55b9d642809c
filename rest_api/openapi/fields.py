"""JSON schemas of the attributes, from the declarations of the resources."""

from __future__ import annotations

from django.conf import settings

from rest_api.endpoints import Endpoint
from rest_api.openapi.schemas import OBJECT, Schema, closed_object
from walletsvc import money
from walletsvc.schema.declarations import Field, Write
from walletsvc.schema.types import Amount, Choice, Counter, Currency, Metadata, Moment, Name, Owner, Text, Type

INTEGER_DIGITS = money.MAX_DIGITS - money.DECIMAL_PLACES

PLAIN_NUMBER = rf"^-?(0|[1-9][0-9]{{0,{INTEGER_DIGITS - 1}}})(\.[0-9]{{1,{money.DECIMAL_PLACES}}}0*)?$"


def amount() -> Schema:
    """Return the schema of an amount in an answer."""
    return {"type": "string", "pattern": PLAIN_NUMBER, "examples": ["150.00"]}


def output_attributes(endpoint: Endpoint) -> Schema:
    """Return the schema of the attributes in an answer; a sparse fieldset may omit any of them."""
    properties = {each.name: _output(each) for each in endpoint.resource.fields}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def input_attributes(endpoint: Endpoint, *, is_new: bool, has_relations: bool) -> Schema:
    """Return the schema of the attributes in a request that creates or changes a resource.

    No attribute has a `default`: generators take it as a value that is always present, so they require it from the
    caller, or send it unasked.
    """
    times = (Write.ONCE, Write.ALWAYS) if is_new else (Write.ALWAYS, Write.LATER)
    written = [each for each in endpoint.resource.fields if each.write in times]
    properties = {each.name: _input(each) for each in written}
    required = [each.name for each in written if each.required and is_new]
    for relation in sorted(endpoint.writable_relations) if has_relations else ():
        properties[relation] = {
            "type": ["string", "integer"],
            "deprecated": True,
            "description": f"The id. Prefer the relationship {relation}.",
        }
        if is_new:
            required.append(relation)
    schema = closed_object(properties)
    return schema | ({"required": required} if required else {})


def _output(declared: Field) -> Schema:
    return _described(_type(declared.type), declared.description)


def _input(declared: Field) -> Schema:
    described = declared.input_description
    match declared.type:
        case Amount():
            # Numbers are accepted too, with exactly the digits that are sent.
            return _described({"anyOf": [amount() | {"maxLength": money.MAX_TEXT}, {"type": "number"}]}, described)
        case Text(max_length=limit) | Owner(max_length=limit):
            return _described({"type": "string", "maxLength": limit}, described)
        case Name(max_length=limit):
            return _described({"type": "string", "maxLength": limit, "minLength": 1}, described)
        case Currency():
            return _described(_type(declared.type) | {"enum": sorted(money.scales())}, described)
    return _described(_type(declared.type), described)


def _described(schema: Schema, description: str) -> Schema:
    return schema | ({"description": description} if description else {})


def _type(declared: Type) -> Schema:
    match declared:
        case Amount():
            return amount()
        case Moment():
            return {"type": "string", "format": "date-time"}
        case Metadata():
            return dict(OBJECT)
        case Counter():
            return {"type": "integer", "minimum": 0}
        case Currency():
            return {"type": "string", "examples": [settings.DEFAULT_CURRENCY]}
        case Choice():
            return {"type": "string", "enum": declared.values}
    return {"type": "string"}
