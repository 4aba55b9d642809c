"""Bound the variables of a request, and convert their whole numbers, before graphql-core coerces them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    get_named_type,
    is_input_type,
    type_from_ast,
)
from graphql.language import OperationDefinitionNode

from graphql_api.limits import LimitExceeded
from graphql_api.scalars import integer_in

MAX_OBJECTS = 250
"""How many objects lists may have, such as `ordering`: to coerce one costs as much as to read a record.
A transfer may have 100 legs, and as many amounts that are external."""
MAX_ROWS = 1000
"""How many objects one mutation creates. Objects of such lists count apart, because each is charged for."""

_ROW_TYPES = frozenset({"TransactionRowInput"})

Types = Mapping[str, GraphQLInputType]


def types_of(schema: GraphQLSchema, operation: OperationDefinitionNode) -> Types:
    """Return the types of the variables of an operation, by their names. Unknown types are left out."""
    found = {
        each.variable.name.value: type_from_ast(schema, each.type) for each in operation.variable_definitions or ()
    }
    return {name: each for name, each in found.items() if each is not None and is_input_type(each)}


def read_variables(types: Types, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of variables unchanged, except that whole numbers for an `Int` are int.

    Raises `LimitExceeded` for too many values, declared or not: messages list those that are not, and the key of an
    answer in the cache includes the others.
    """
    if given:
        _check_number(given)
    reader = _Reader()
    return {name: reader.read(value, types.get(name)) for name, value in given.items()}


def _check_number(given: Mapping[str, Any]) -> None:
    limit = settings.GRAPHQL_MAX_VALUES
    pending: list[Any] = [given]
    number = 0
    while pending:
        value = pending.pop()
        items = value.values() if isinstance(value, dict) else value
        number += len(items)
        if number > limit:
            raise LimitExceeded("graphql_too_many_values", f"Variables hold at most {limit} values.", limit=limit)
        pending += [item for item in items if isinstance(item, dict | list)]


class _Reader:
    """Reads the variables of one request, and counts the objects in their lists."""

    def __init__(self) -> None:
        self._left = {False: MAX_OBJECTS, True: MAX_OBJECTS + MAX_ROWS}

    def read(self, value: Any, type_: GraphQLInputType | None) -> Any:
        if isinstance(type_, GraphQLNonNull):
            type_ = type_.of_type
        if type_ is GraphQLInt:
            number = integer_in(value)
            return value if number is None else number
        if isinstance(type_, GraphQLInputObjectType) and isinstance(value, dict):
            fields = type_.fields
            return {
                name: self.read(item, fields[name].type) if name in fields else item for name, item in value.items()
            }
        if isinstance(type_, GraphQLList) and isinstance(value, list):
            self._count(value, is_row=get_named_type(type_).name in _ROW_TYPES)
            return [self.read(item, type_.of_type) for item in value]
        return value

    def _count(self, items: list[Any], *, is_row: bool) -> None:
        self._left[is_row] -= sum(isinstance(item, dict | list) for item in items)
        if self._left[is_row] < 0:
            limit = MAX_ROWS if is_row else MAX_OBJECTS
            message = f"The lists in variables have at most {limit} objects."
            raise LimitExceeded("graphql_too_many_objects", message, limit=limit)
