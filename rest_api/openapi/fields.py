"""JSON schemas of the attributes, from the serializers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import fields

from rest_api.endpoints import Endpoint
from rest_api.errors import camel_case
from rest_api.openapi.schemas import OBJECT, Schema, closed_object
from rest_api.serializers import AmountField, TimeField
from walletsvc import money
from walletsvc.models.entry import Kind

INTEGER_DIGITS = money.MAX_DIGITS - money.DECIMAL_PLACES

PLAIN_NUMBER = rf"^-?(0|[1-9][0-9]{{0,{INTEGER_DIGITS - 1}}})(\.[0-9]{{1,{money.DECIMAL_PLACES}}}0*)?$"

_FIXED = frozenset({"balance", "currency"})
"""What a wallet is opened with, and what a request does not change any more."""


def amount() -> Schema:
    """Return the schema of an amount as it is answered."""
    return {"type": "string", "pattern": PLAIN_NUMBER, "examples": ["150.00"]}


def output_attributes(endpoint: Endpoint) -> Schema:
    """Return the schema of the attributes in an answer; a sparse fieldset may leave any of them out."""
    properties = {
        public: _describe(each.field, endpoint.serializer().fields[each.field], is_input=False)
        for public, each in endpoint.attributes.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


def input_attributes(endpoint: Endpoint, *, is_new: bool, has_relations: bool) -> Schema:
    """Return the schema of the attributes in a request that creates a resource, or changes one.

    No attribute has a `default`: to generators it is a value that is always there, so that they demand it of the
    caller, or send it of their own accord.
    """
    declared = endpoint.serializer().fields
    properties: Schema = {}
    required = []
    for public, each in endpoint.attributes.items():
        if each.is_writable and (is_new or each.field not in _FIXED):
            properties[public] = _describe(each.field, declared[each.field], is_input=True)
            if is_new and declared[each.field].required:
                required.append(public)
    for relation in sorted(endpoint.writable_relations) if has_relations else ():
        properties[camel_case(relation)] = {
            "type": ["string", "integer"],
            "deprecated": True,
            "description": f"The id. Better send the relationship {relation}.",
        }
        if is_new:
            required.append(camel_case(relation))
    schema = closed_object(properties)
    return schema | ({"required": required} if required else {})


def _describe(name: str, declared: Any, *, is_input: bool) -> Schema:
    schema = _type_of(name, declared, is_input=is_input)
    if declared.help_text:
        schema["description"] = str(declared.help_text)
    if is_input and name == "currency":
        schema["description"] += f" Where it is left out: {settings.DEFAULT_CURRENCY}."
    return schema


def _type_of(name: str, declared: Any, *, is_input: bool) -> Schema:
    if isinstance(declared, AmountField):
        # Numbers are taken as well, exactly as they are written.
        return {"anyOf": [amount() | {"maxLength": money.MAX_TEXT}, {"type": "number"}]} if is_input else amount()
    if isinstance(declared, TimeField):
        return {"type": "string", "format": "date-time"}
    if isinstance(declared, fields.JSONField):
        return dict(OBJECT)
    if isinstance(declared, fields.IntegerField):
        return {"type": "integer", "minimum": 0}
    if name == "currency":
        return _currency(is_input=is_input)
    if name == "kind":
        return {"type": "string", "enum": list(Kind.values)}
    schema: Schema = {"type": "string"}
    if is_input and declared.max_length is not None:
        schema["maxLength"] = declared.max_length
    if is_input and not declared.allow_blank:
        schema["minLength"] = 1
    return schema


def _currency(*, is_input: bool) -> Schema:
    if not is_input:
        return {"type": "string", "examples": [settings.DEFAULT_CURRENCY]}
    return {"type": "string", "enum": sorted(money.scales()), "examples": [settings.DEFAULT_CURRENCY]}
