"""Types and inputs of the schema from the declarations of resources (`walletsvc.schema`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import get_annotations
from typing import Any

import strawberry
import strawberry_django
from strawberry import UNSET

from graphql_api.ids import database_id
from graphql_api.scalars import JSON, Amount, DateTime, Long
from walletsvc.commands.keyed import KEY_FIELD
from walletsvc.schema import types
from walletsvc.schema.declarations import Field, Resource, ToOne, Write

ID = "A global id or a databaseId."
_KEY = "Visible ASCII, at most 255 characters. The same input runs once for a key, and always gets the same payload."

_SCALARS = {
    types.Amount: Amount,
    types.Counter: Long,
    types.External: JSON,
    types.Flag: bool,
    types.Metadata: JSON,
    types.Moment: DateTime,
    types.OptionalMoment: DateTime,
}
"""All other types are strings, except choices."""


@strawberry.input(description="Comparisons with amounts, all of which must be true.")
class AmountConditionInput:
    gt: Amount | None = UNSET
    gte: Amount | None = UNSET
    lt: Amount | None = UNSET
    lte: Amount | None = UNSET
    eq: Amount | None = UNSET


@strawberry.input(description="What must be true of a wallet, or nothing happens.")
class ConditionsInput:
    sequence: Long | None = strawberry.field(description="The wallet's, before.", default=UNSET)
    balance: AmountConditionInput | None = strawberry.field(description="The balance, after.", default=UNSET)
    available: AmountConditionInput | None = strawberry.field(description="What is available, after.", default=UNSET)
    not_after: DateTime | None = strawberry.field(
        description="A retry that comes later changes nothing.", default=UNSET
    )


@strawberry.input(description="A leg of a transfer: what one wallet gets, or gives.")
class TransferLegInput:
    wallet: strawberry.ID = strawberry.field(description=ID)
    amount: Amount = strawberry.field(description="Not zero: positive if the wallet gets it.")
    description: str | None = strawberry.field(description="That of the transfer if omitted.", default=UNSET)
    conditions: ConditionsInput | None = strawberry.field(
        description="What must be true of its wallet, or nothing is moved.", default=UNSET
    )


@strawberry.input(description="What crosses the border in a currency.")
class ExternalAmountInput:
    currency: str
    amount: Amount = strawberry.field(description="What the outside gets: negative if it comes from there.")


_INPUTS: dict[type[types.Type], Any] = {
    types.Conditions: ConditionsInput,
    types.External: list[ExternalAmountInput],
    types.Legs: list[TransferLegInput],
}


def type_of(declared: Field | ToOne) -> Any:
    """Return the type of a field's values, shown and sent; a related object is sent as its id."""
    if isinstance(declared, ToOne):
        return strawberry.ID
    if isinstance(declared.type, types.Choice):
        return declared.type.choices
    return _SCALARS.get(type(declared.type), str)


def shows(resource: Resource, connection: Callable[..., Any]) -> Callable[[type], Any]:
    """Return the decorator that makes a class the type of a resource's records, with all declared fields.

    `connection` declares a field that is a page of related records. The types of related records are looked up by
    name in the module of the class.
    """

    def decorate(cls: type) -> Any:
        _show(cls, "database_id", strawberry.ID, "The id in the REST API.")
        for field in resource.fields:
            # A caller that is bound to an owner gets null for an unbound field.
            is_optional = field.unbound or isinstance(field.type, types.OptionalMoment)
            shown = type_of(field) | None if is_optional else type_of(field)
            _show(cls, field.key, shown, field.description)
        for one in resource.to_one.values():
            _show(cls, one.key, f"{one.target} | None" if one.optional else one.target, one.description)
        for name, many in resource.to_many.items():
            _add(cls, name, f"{many.target}Connection", connection(many.target, description=many.description))
        return strawberry_django.type(resource.model, description=resource.description)(cls)

    return decorate


def creates(resource: Resource, description: str, *, has_key: bool = True) -> Callable[[type], Any]:
    """Return the decorator that makes a class the input that creates a resource.

    One of several that are created at once `has_key` not: there is one for all.
    """
    new = (each for each in resource.written if each.write is not Write.LATER)
    return _takes((*new, *resource.inputs), description, is_new=True, has_key=has_key)


def changes(resource: Resource, description: str) -> Callable[[type], Any]:
    """Return the decorator that makes a class the input that changes the resource with its `id`."""
    changeable = (each for each in resource.written if each.write in (Write.ALWAYS, Write.LATER))
    return _takes(changeable, description, is_new=False)


def _takes(
    written: Iterable[Field | ToOne], description: str, *, is_new: bool, has_key: bool = False
) -> Callable[[type], Any]:
    def decorate(cls: type) -> Any:
        for each in written:
            name, described = _input_of(each)
            kind = type_of(each) if isinstance(each, ToOne) else _INPUTS.get(type(each.type)) or type_of(each)
            if each.required and is_new:
                _add(cls, name, kind, strawberry.field(description=described))
            else:
                _add(cls, name, kind | None, strawberry.field(description=described, default=UNSET))
        if has_key:
            _add(cls, KEY_FIELD, str | None, strawberry.field(description=_KEY, default=UNSET))
        return strawberry.input(description=description)(cls)

    return decorate


def _input_of(member: Field | ToOne) -> tuple[str, str]:
    """Return the name of an input, and its description."""
    if isinstance(member, Field):
        return member.key, member.input_description
    # A relation of the resource is named apart from its object.
    return (member.key, f"{member.description} {ID}") if member.column == member.key else (f"{member.key}_id", ID)


def _show(cls: type, name: str, annotation: Any, description: str) -> None:
    _add(cls, name, annotation, strawberry.field(description=description or None))


def _add(cls: type, name: str, annotation: Any, field: Any) -> None:
    cls.__annotations__ = {**get_annotations(cls), name: annotation}
    setattr(cls, name, field)


def given(resource: Resource, data: Any) -> dict[str, Any]:
    """Return the given fields of a resource's input, by the commands' names."""
    values = {name: value for name, value in vars(data).items() if value is not UNSET}
    for name, relation in resource.to_one.items():
        if f"{name}_id" in values:
            values[name] = database_id(values.pop(f"{name}_id"), relation.target)
    for each in resource.inputs:
        if isinstance(each, ToOne) and each.key in values:
            values[each.key] = database_id(values[each.key], each.target)
    for name in ("legs", "external"):
        if isinstance(values.get(name), list):
            values[name] = [_given_member(each) for each in values[name]]
    return _with_conditions(values)


def _given_member(data: TransferLegInput | ExternalAmountInput) -> dict[str, Any]:
    values = {name: value for name, value in vars(data).items() if value is not UNSET}
    if "wallet" in values:
        values["wallet"] = database_id(values["wallet"], "Wallet")
    return _with_conditions(values)


def _with_conditions(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with their conditions, if any, as the object that both faces know."""
    conditions = values.get("conditions")
    if isinstance(conditions, ConditionsInput):
        values["conditions"] = {
            "sequence": _sent(conditions.sequence),
            "balance": _bounds(conditions.balance),
            "available": _bounds(conditions.available),
            "notAfter": _sent(conditions.not_after),
        }
    return values


def _sent(value: Any) -> Any:
    return None if value is UNSET else value


def _bounds(data: AmountConditionInput | None) -> dict[str, Any] | None:
    return {name: value for name, value in vars(data).items() if value is not UNSET} if data else None
