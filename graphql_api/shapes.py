"""Documents of a known shape: they differ from a known one only in numbers and strings among their arguments.

Clients that write values into documents, instead of giving them as variables, send a new document each time. To parse
and validate one takes many times as long as to run it. So the second document of a shape is turned into one with
variables in place of its literals, with names that no document can have, and later ones only give their values.

A later document is valid because the first was: validation depends on a literal only by its type, which is checked
here, and by whether two of them are equal (section 5.3.2, "Field Selection Merging"), which is part of the shape.
What is not certain, such as a string with an escape, has no shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLInputType, GraphQLSchema, OperationType, TypeInfo, TypeInfoVisitor, Undefined
from graphql.language import (
    DocumentNode,
    FloatValueNode,
    IntValueNode,
    NameNode,
    OperationDefinitionNode,
    StringValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.utilities import coerce_input_literal

from graphql_api.scalars import read_literal

Key = tuple[str, ...]
"""The text around the literals, and of each literal its kind and which of them it equals."""

MAX_LITERALS = 50
_LITERAL = re.compile(
    r'("[^\x00-\x1f"\\\ud800-\udfff]*"|(?<![\w.])-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![\w.]))'
)
"""A string without escapes, or a number (sections 2.9.1 to 2.9.4)."""
_UNCERTAIN = ("#", '"""')
"""A comment or a block string may contain what looks like a literal."""


@dataclass(frozen=True, slots=True)
class Literals:
    """The literals of a document, by the variables in their places: as they are written, and as arguments."""

    written: Mapping[str, object] = field(default_factory=dict)
    arguments: Mapping[str, object] = field(default_factory=dict)


NONE = Literals()


def outline(text: str) -> tuple[Key, list[str]] | None:
    """Return the shape of a document, and its literals, or None if it has no shape, or no literals."""
    if any(each in text for each in _UNCERTAIN):
        return None
    parts = _LITERAL.split(text)
    literals = parts[1::2]
    if not 0 < len(literals) <= MAX_LITERALS:
        return None
    first: dict[str, int] = {}
    same = [f"{_kind(each).kind}{first.setdefault(each, place)}" for place, each in enumerate(literals)]
    return (*parts[::2], *same), literals


def _kind(literal: str) -> type[IntValueNode | FloatValueNode | StringValueNode]:
    if literal[0] == '"':
        return StringValueNode
    return FloatValueNode if set(literal) & set(".eE") else IntValueNode


def _node(literal: str) -> ValueNode:
    kind = _kind(literal)
    return kind(value=literal[1:-1]) if kind is StringValueNode else kind(value=literal)


@dataclass(frozen=True, slots=True)
class Shape:
    """The literals of the document that a shape was learnt from, and their types.

    Those without a type are the same in all documents of the shape: defaults, and parts of a value of JSON.
    """

    literals: tuple[str, ...]
    types: tuple[GraphQLInputType | None, ...]

    def read(self, literals: Sequence[str]) -> Literals | None:
        """Return the values of the literals of a document, or None if it does not have this shape or is not valid."""
        if len(literals) != len(self.literals):
            return None
        written: dict[str, object] = {}
        arguments: dict[str, object] = {}
        for place, (literal, known, type_) in enumerate(zip(literals, self.literals, self.types, strict=True)):
            if type_ is None:
                if literal != known:
                    return None
                continue
            node, name = _node(literal), str(place)
            value = coerce_input_literal(node, type_)
            if value is Undefined:
                return None
            written[name], arguments[name] = read_literal(node), value
        return Literals(written, arguments)


def lift(schema: GraphQLSchema, ast: DocumentNode, literals: Sequence[str]) -> tuple[DocumentNode, Shape] | None:
    """Return a valid document with variables in place of its literals, whose names are their places from 0.

    Returns None if `literals` are others than it has, and for subscriptions, which graphql-core runs.
    """
    type_info = TypeInfo(schema)
    lifting = _Lifting(type_info, literals)
    lifted = visit(ast, TypeInfoVisitor(type_info, lifting))
    if not lifting.fits or len(lifting.types) != len(literals):
        return None
    return lifted, Shape(tuple(literals), tuple(lifting.types))


class _Lifting(Visitor):
    """Replaces the literals that have a type, in the order in which they are written."""

    def __init__(self, type_info: TypeInfo, literals: Sequence[str]) -> None:
        super().__init__()
        self._type_info = type_info
        self._literals = literals
        self._is_default = False
        self.types: list[GraphQLInputType | None] = []
        self.fits = True

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        self.fits = self.fits and node.operation is not OperationType.SUBSCRIPTION

    def enter_variable_definition(self, _node: VariableDefinitionNode, *_: Any) -> None:
        self._is_default = True

    def leave_variable_definition(self, _node: VariableDefinitionNode, *_: Any) -> None:
        self._is_default = False

    def _replace(self, node: IntValueNode | FloatValueNode | StringValueNode, *_: Any) -> VariableNode | None:
        place = len(self.types)
        if place == len(self._literals) or _node(self._literals[place]) != type(node)(value=node.value):
            self.fits = False
            return None
        type_ = None if self._is_default else self._type_info.get_input_type()
        self.types.append(type_)
        return None if type_ is None else VariableNode(name=NameNode(value=str(place)))

    enter_int_value = enter_float_value = enter_string_value = _replace
