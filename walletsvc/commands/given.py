"""Parse what clients give of a new resource: its fields, and the inputs that are no part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any

from walletsvc.commands.conditions import parse_conditions
from walletsvc.commands.inputs import Refusals, parse_new
from walletsvc.schema.declarations import Field, Resource
from walletsvc.schema.types import Conditions


def parse_given(resource: Resource, values: Mapping[str, object]) -> dict[str, Any]:
    """Return the values of a new `resource`, and of those of its inputs that are given, by their Python names.

    All inputs must be fields, not references. Raises what `parse_new` raises, with the refusals of the inputs.
    """
    if resource.input_keys.isdisjoint(values):
        return parse_new(resource, values)
    refusals = Refusals()
    parsed: dict[str, Any] = {}
    with refusals.collect():
        parsed |= parse_new(resource, without_inputs(resource, values))
    for each in resource.inputs:
        value = values.get(each.key)
        if value is not None:
            with refusals.collect():
                parsed[each.key] = _parse(each, value)
    refusals.raise_if_any()
    return parsed


def without_inputs(resource: Resource, values: Mapping[str, object]) -> dict[str, object]:
    """Return the values of the fields of a resource."""
    return {name: value for name, value in values.items() if name not in resource.input_keys}


def arguments_of(command: type, resource: Resource, parsed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parsed values of a `resource` as arguments of a command; the details that it has no name for are
    its `details`, by column."""
    names = _parameters(command)
    details = {name: value for name, value in resource.details_of(parsed).items() if name not in names}
    return {name: value for name, value in parsed.items() if name in names} | {"details": details}


def _parse(given: object, value: object) -> object:
    if not isinstance(given, Field):
        raise TypeError(f"{given} refers to a resource.")
    if isinstance(given.type, Conditions):
        return parse_conditions(value, field=given.key)
    return given.type.parse(value, field=given.key)


@cache
def _parameters(command: Any) -> frozenset[str]:
    return frozenset(each.name for each in fields(command))
