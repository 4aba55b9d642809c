"""The serializers, made from the declaration of each resource: names, types, and what a request may write.

Answers are encoded from the read engine's records (`encoder.py`), and commands check the written values. The
serializers tell the parser of documents which names exist and which can be written. A test proves that their
output equals the encoder's.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import fields
from rest_framework.fields import CharField, IntegerField, JSONField
from rest_framework_json_api import serializers
from rest_framework_json_api.relations import ResourceRelatedField

from walletsvc.money import format_amount
from walletsvc.schema.declarations import Field, Resource, ToMany, ToOne, Write
from walletsvc.schema.kinds import EXTERNAL, print_time
from walletsvc.schema.resources import RESOURCES
from walletsvc.schema.types import Amount, Counter, External, Metadata, Moment, OptionalMoment

# Generic in the stubs, not in the library.
_Field: Any = fields.Field


class AmountField(_Field):
    """An exact decimal number, as text with the scale of the object's currency: "150.00"."""

    def get_attribute(self, instance: Any) -> tuple[Decimal, str]:
        return getattr(instance, str(self.source)), instance.currency

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        return format_amount(*value)

    def to_internal_value(self, data: Any) -> Any:
        return data


class TimeField(_Field):
    """A moment in UTC (RFC 3339)."""

    def to_representation(self, value: datetime) -> str:
        return print_time(value)

    def to_internal_value(self, data: Any) -> Any:
        return data


class ExternalField(_Field):
    """What crosses the border, as a list of amounts with their currencies."""

    def to_representation(self, value: dict[str, str]) -> object:
        return EXTERNAL.value(EXTERNAL.encode(value), b"")

    def to_internal_value(self, data: Any) -> Any:
        return data


_FIELDS = {
    External: ExternalField,
    Amount: AmountField,
    Counter: IntegerField,
    Metadata: JSONField,
    Moment: TimeField,
    OptionalMoment: TimeField,
}
"""All other types are text."""


def _field(declared: Field) -> Any:
    source = {} if declared.key == declared.column else {"source": declared.column}
    if declared.write is Write.NEVER:
        return _FIELDS.get(type(declared.type), CharField)(read_only=True, **source)
    return _FIELDS.get(type(declared.type), CharField)(required=declared.required, **source)


def _relation(declared: ToOne | ToMany) -> Any:
    if isinstance(declared, ToMany):
        return ResourceRelatedField(many=True, read_only=True)
    if declared.write is Write.NEVER:
        return ResourceRelatedField(read_only=True)
    return ResourceRelatedField(queryset=RESOURCES[declared.target].model._default_manager.all())


def make_serializer(resource: Resource) -> type[serializers.ModelSerializer]:
    """Return the serializer of a resource."""
    relations: dict[str, ToOne | ToMany] = {each.key: each for each in resource.to_one.values()}
    relations |= resource.to_many
    members = {each.key: _field(each) for each in resource.fields}
    members |= {name: _relation(each) for name, each in relations.items()}
    inner = {
        "Meta": type("Meta", (), {"model": resource.model, "fields": [*members]}),
        "JSONAPIMeta": type("JSONAPIMeta", (), {"resource_name": resource.name}),
        "included_serializers": {name: f"{__name__}.{each.target}Serializer" for name, each in relations.items()},
    }
    named = {"__doc__": resource.description, "__module__": __name__}
    return type(f"{resource.name}Serializer", (serializers.ModelSerializer,), {**members, **inner, **named})


# The library finds the serializers of included resources by their import paths.
globals().update({f"{name}Serializer": make_serializer(resource) for name, resource in RESOURCES.items()})
