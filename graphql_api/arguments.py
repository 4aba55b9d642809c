"""The arguments of a list: filters, ordering and a page.

Their types are made from the domain's declarations, so every filter and order of REST exists here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Optional

import strawberry
from strawberry import UNSET
from strawberry.tools import create_type

from graphql_api.declared import type_of
from graphql_api.ids import database_id
from walletsvc.errors import InvalidParameter
from walletsvc.models.entry import Kind
from walletsvc.models.hold import HoldState
from walletsvc.models.wallet import State as WalletState
from walletsvc.money import ScientificDecimal
from walletsvc.queries.filters import FILTER_SETS
from walletsvc.queries.questions import DEFAULT_PAGE_SIZE, CursorPage, Question
from walletsvc.schema.declarations import Field, ToOne
from walletsvc.schema.resources import RESOURCES

Arguments = Mapping[str, Any]
"""The coerced arguments of a field, by schema name."""

# Its values have their stored names, which REST prints too.
strawberry.enum(
    Kind, name="EntryKind", graphql_name_from="value", description="The kind of change that made an entry."
)


strawberry.enum(WalletState, name="WalletState", graphql_name_from="value", description="What a wallet accepts.")
strawberry.enum(HoldState, name="HoldState", graphql_name_from="value", description="What became of a hold.")


@strawberry.enum(description="A direction to sort in.")
class Ordering(Enum):
    """A direction to sort in."""

    ASC = "ASC"
    DESC = "DESC"


def _input_type(name: str, fields: Mapping[str, Any], description: str) -> type:
    declared = [
        strawberry.field(name=field, graphql_type=Optional[kind], default=UNSET)  # noqa: UP045 - made at run time
        for field, kind in fields.items()
    ]
    return create_type(name, declared, is_input=True, description=description)


def _value_type(resource: str, name: str) -> Any:
    """Return the type of the values that a filter compares with."""
    declared = RESOURCES[resource]
    members: list[Field | ToOne] = [*declared.fields, *declared.to_one.values()]
    return next((type_of(each) for each in members if each.name == name), str)


_LOOKUP_TYPES: dict[tuple[Any, frozenset[str]], type] = {}


def _lookup_type(value_type: Any, lookups: list[str]) -> type:
    """Return the input type of a filter that compares in several ways: `{gte: ..., lt: ...}`."""
    key = (value_type, frozenset(lookups))
    if key not in _LOOKUP_TYPES:
        name = "StringFilter" if value_type is str else f"{value_type.__name__}Filter"
        _LOOKUP_TYPES[key] = _input_type(name, dict.fromkeys(lookups, value_type), "All given conditions must hold.")
    return _LOOKUP_TYPES[key]


def _filters_type(resource: str) -> type:
    """Make the input type of a resource's filters: `amount` and `amount.gte` become `amount: {exact, gte}`."""
    lookups: dict[str, list[str]] = {}
    for full_name in FILTER_SETS[resource].base_filters:
        name, _, lookup = full_name.partition(".")
        lookups.setdefault(name, []).append(lookup or "exact")
    fields = {}
    for name, ways in lookups.items():
        value_type = _value_type(resource, name)
        fields[name] = value_type if ways == ["exact"] else _lookup_type(value_type, ways)
    return _input_type(f"{resource}Filters", fields, "All given conditions must hold.")


def _order_type(resource: str) -> type:
    fields = dict.fromkeys(RESOURCES[resource].orders, Ordering)
    return _input_type(f"{resource}Order", fields, "One field; a list of these sorts by several.")


FILTERS_TYPES = {resource: _filters_type(resource) for resource in RESOURCES}
ORDER_TYPES = {resource: _order_type(resource) for resource in RESOURCES}


# -- from arguments to questions ---------------------------------------------------------------------------


def parse_list(resource: str, arguments: Arguments) -> Question:
    """Return the list for the arguments, without a selection yet. Raises `InvalidParameter`."""
    filters, order, page = parse_filters(resource, arguments), parse_order(arguments), parse_page(arguments)
    return Question(resource, filters=filters, order=order, page=page)


def alias_of(question: Question) -> str:
    """Return the alias of a record's list: its whole question, so that only equal lists have equal aliases."""
    return repr((question.filters, question.order, question.page))


def parse_filters(resource: str, arguments: Arguments) -> tuple[tuple[str, str], ...]:
    """Return the filters as pairs of the domain's name and a text. Raises `InvalidParameter` for a null."""
    return tuple(_filters(resource, arguments.get("filters") or {}))


def _filters(resource: str, given: Arguments) -> Iterator[tuple[str, str]]:
    to_one = RESOURCES[resource].to_one
    for name, value in given.items():
        if isinstance(value, dict):
            for lookup, operand in value.items():
                full_name = name if lookup == "exact" else f"{name}.{lookup}"
                yield full_name, _text(operand, f"filter.{full_name}")
        elif name in to_one:
            yield name, str(database_id(_text(value, f"filter.{name}"), to_one[name].target))
        else:
            yield name, _text(value, f"filter.{name}")


def _text(value: object, parameter: str) -> str:
    match value:
        case Enum():
            return str(value.value)
        case str():
            return value
        case ScientificDecimal():
            # Printed with an exponent, so that the domain refuses it whatever the exponent is.
            return f"{value:E}"
        case Decimal():
            return f"{value:f}" if abs(value.adjusted()) < 100 else str(value)
        case int() if not isinstance(value, bool):
            return str(value)
    raise InvalidParameter("A filter needs a value: a string, or a number.", parameter=parameter)


def parse_order(arguments: Arguments) -> tuple[str, ...]:
    """Return the order as the read engine names it: `-createdAt`. Raises `InvalidParameter`."""
    names = []
    for item in arguments.get("ordering") or ():
        words = [(name, direction) for name, direction in (item or {}).items() if direction is not None]
        if len(words) != 1:
            raise InvalidParameter("Each object in a list of orders must have one field.", parameter="sort")
        [(name, direction)] = words
        names.append(f"-{name}" if direction in (Ordering.DESC, "DESC") else name)
    return tuple(names)


def parse_page(arguments: Arguments) -> CursorPage:
    """Return the page for `first`, `after`, `last` and `before`. Raises `InvalidParameter`."""
    first, last = arguments.get("first"), arguments.get("last")
    if first is not None and last is not None:
        raise InvalidParameter("Give either first or last, not both.", parameter="last")
    size = DEFAULT_PAGE_SIZE if first is None and last is None else first if last is None else last
    return CursorPage(
        size=int(size or 0),
        after=arguments.get("after"),
        before=arguments.get("before"),
        backward=last is not None,
    )
