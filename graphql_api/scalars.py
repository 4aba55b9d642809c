"""The scalars of the schema. Input passes unchanged: the domain decides which values are valid."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from graphql.language import (
    BooleanValueNode,
    FloatValueNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    ValueNode,
    VariableNode,
)
from strawberry.types.scalar import ScalarDefinition

from walletsvc.money import MAX_DIGITS, parse_json_integer, parse_json_number

Amount = NewType("Amount", str)
DateTime = NewType("DateTime", str)
Long = NewType("Long", int)
JSON = NewType("JSON", object)


def read_literal(node: ValueNode, variables: Mapping[str, Any] | None = None) -> object:
    """Return the value that a literal of a document stands for, with its numbers exact."""
    match node:
        case VariableNode():
            return (variables or {}).get(node.name.value)
        case IntValueNode():
            return parse_json_integer(node.value)
        case FloatValueNode():
            return parse_json_number(node.value)
        case NullValueNode():
            return None
        case BooleanValueNode():
            return node.value
        case ListValueNode():
            return [read_literal(item, variables) for item in node.values]
        case ObjectValueNode():
            return {field.name.value: read_literal(field.value, variables) for field in node.fields}
        case _:
            # Strings, and words such as NaN.
            return getattr(node, "value", None)


def unchanged(value: Any) -> Any:
    """Return the value."""
    return value


def integer_in(value: object) -> int | None:
    """Return the integer in a number of JSON, which may be written as 2.0 or 2e0, or None for any other value.

    (GraphQL specification, section 3.5.1: a number in a variable is an integer if its value is.)
    """
    if isinstance(value, Decimal):
        # A number with an exponent of millions would take minutes to convert to an int.
        is_whole = value.is_finite() and value.adjusted() < MAX_DIGITS and value == value.to_integral_value()
        return int(value) if is_whole else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _parse_long(value: object) -> int:
    number = integer_in(value)
    if number is None or not -(2**63) <= number < 2**63:
        raise GraphQLError("A Long is an integer of at most 64 bits.")
    return number


def _read_long(node: ValueNode, _variables: Mapping[str, Any] | None = None) -> int:
    """Return the integer in a literal, where 2.0 is not one."""
    return _parse_long(parse_json_integer(node.value) if isinstance(node, IntValueNode) else None)


def _parse_time(value: object) -> str:
    if not isinstance(value, str):
        raise GraphQLError("A DateTime is a string such as 2026-01-31T12:00:00Z.")
    return value


def _scalar(name: str, description: str, *, parse: Any, read: Any = None, url: str | None = None) -> ScalarDefinition:
    return strawberry.scalar(
        name=name,
        description=description,
        specified_by_url=url,
        serialize=unchanged,
        parse_value=parse,
        parse_literal=read or (lambda node, variables=None: parse(read_literal(node, variables))),
    )


SCALARS: dict[object, ScalarDefinition] = {
    Amount: _scalar(
        "Amount",
        "An exact decimal amount. Answers have a string with exactly the decimal places of the currency, such as "
        '"150.00". Send a string too, or a number, whose digits are taken as they are written.',
        parse=unchanged,
    ),
    DateTime: _scalar(
        "DateTime",
        "A moment in UTC as RFC 3339 writes it: 2026-01-31T12:00:00.000000Z.",
        parse=_parse_time,
        url="https://www.rfc-editor.org/rfc/rfc3339",
    ),
    Long: _scalar("Long", "An integer of up to 64 bits, as a JSON number.", parse=_parse_long, read=_read_long),
    JSON: _scalar("JSON", "Any JSON value.", parse=unchanged, url="https://www.rfc-editor.org/rfc/rfc8259"),
}
