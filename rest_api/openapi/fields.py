"""JSON schemas of the attributes, from the declarations of the resources."""

from __future__ import annotations

from django.conf import settings

from rest_api.endpoints import Endpoint
from rest_api.openapi.schemas import OBJECT, Schema, closed_object, given_identifier
from walletsvc import money
from walletsvc.ledger.conditions import COMPARISONS
from walletsvc.models.columns import MAX_DESCRIPTION_LENGTH
from walletsvc.schema.declarations import Field, ToOne, Write
from walletsvc.schema.resources import MAX_LEGS, WALLET
from walletsvc.schema.types import (
    Amount,
    Choice,
    Conditions,
    Counter,
    Currency,
    External,
    Flag,
    Legs,
    Metadata,
    Moment,
    Name,
    OptionalMoment,
    Owner,
    Text,
    Type,
)

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
    if is_new:
        written += [each for each in endpoint.resource.inputs if isinstance(each, Field)]
    properties = {each.name: _input(each) for each in written}
    required = [each.name for each in written if each.required and is_new]
    relations = sorted(endpoint.writable_relations) if is_new else endpoint.changeable_relations
    for relation in relations if has_relations else ():
        properties[relation] = {
            "type": ["string", "integer"],
            "deprecated": True,
            "description": f"The id. Prefer the relationship {relation}.",
        }
        if is_new and relation in endpoint.required_relations:
            required.append(relation)
    for given in endpoint.resource.inputs if is_new else ():
        if isinstance(given, ToOne):
            description = f"The id. Prefer the relationship {given.name}."
            properties[given.name] = {"type": ["string", "integer"], "description": description}
    schema = closed_object(properties)
    return schema | ({"required": required} if required else {})


def _output(declared: Field) -> Schema:
    return _described(_type(declared.type), declared.description)


def _input(declared: Field) -> Schema:
    described = declared.input_description
    match declared.type:
        case Amount():
            # Numbers are accepted too, with exactly the digits that are sent.
            return _described(_sent_amount(), described)
        case Text(max_length=limit) | Owner(max_length=limit):
            return _described({"type": "string", "maxLength": limit}, described)
        case Name(max_length=limit):
            return _described({"type": "string", "maxLength": limit, "minLength": 1}, described)
        case Currency():
            return _described(_type(declared.type) | {"enum": sorted(money.scales())}, described)
        case External():
            return _described(_members(_external(), 0), described)
        case Legs():
            return _described(_members(_leg(), 1), described)
        case Conditions():
            return _described(_conditions(), described)
    return _described(_type(declared.type), described)


def _members(item: Schema, at_least: int) -> Schema:
    return {"type": "array", "items": item, "minItems": at_least, "maxItems": MAX_LEGS}


def _sent_amount() -> Schema:
    return {"anyOf": [amount() | {"maxLength": money.MAX_TEXT}, {"type": "number"}]}


def _external() -> Schema:
    properties = {"currency": {"type": "string", "enum": sorted(money.scales())}, "amount": _sent_amount()}
    return {"type": "object", "properties": properties, "required": ["currency", "amount"]}


def _conditions() -> Schema:
    bounds = closed_object({name: _sent_amount() for name in COMPARISONS})
    return closed_object(
        {
            "sequence": {"type": "integer", "minimum": 0},
            "balance": bounds,
            "available": bounds,
            "notAfter": {"type": "string", "format": "date-time"},
        }
    )


def _leg() -> Schema:
    properties = {
        "wallet": {
            "anyOf": [{"type": ["string", "integer"]}, given_identifier(WALLET.name)],
            "description": "The id of a wallet, or its identifier: among operations, also by lid.",
        },
        "amount": _sent_amount() | {"description": "Not zero: positive if the wallet gets it."},
        "description": {"type": "string", "maxLength": MAX_DESCRIPTION_LENGTH},
        "conditions": _conditions() | {"description": "What must be true of its wallet, or nothing is moved."},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": ["wallet", "amount"],
        "additionalProperties": False,
    }


def _described(schema: Schema, description: str) -> Schema:
    return schema | ({"description": description} if description else {})


def _type(declared: Type) -> Schema:
    match declared:
        case Amount():
            return amount()
        case Moment():
            return {"type": "string", "format": "date-time"}
        case OptionalMoment():
            return {"type": ["string", "null"], "format": "date-time"}
        case Flag():
            return {"type": "boolean"}
        case Metadata():
            return dict(OBJECT)
        case External():
            shown = {"currency": {"type": "string"}, "amount": amount()}
            return {"type": "array", "items": {"type": "object", "properties": shown, "required": list(shown)}}
        case Counter():
            return {"type": "integer", "minimum": 0}
        case Currency():
            return {"type": "string", "examples": [settings.DEFAULT_CURRENCY]}
        case Choice():
            return {"type": "string", "enum": declared.values}
    return {"type": "string"}
