"""Random values, as literals and as variables, and the flags of directives."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass
class Variable:
    """A variable: how it is declared, and its value for each of two requests."""

    declaration: str
    values: tuple[Any, Any]


@dataclass
class Values:
    """Generates values, and keeps the variables that hold them."""

    rng: random.Random
    names: int = field(default=0, kw_only=True)
    variables: dict[str, Variable] = field(default_factory=dict, kw_only=True)
    with_directives: bool = field(default=False, kw_only=True)
    with_variables: bool = field(default=True, kw_only=True)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def name(self, prefix: str) -> str:
        self.names += 1
        return f"{prefix}{self.names}"

    def value(self, type_name: str, *choices: Any) -> str:
        """Return one of the values, as a literal, or as a variable with or without a default."""
        how = self.rng.choice(["literal", "literal", "variable", "default"]) if self.with_variables else "literal"
        value, other, default = (self.rng.choice(choices) for _ in range(3))
        if how == "literal":
            return literal(value)
        name = self.name("v")
        if how == "variable":
            required = "!" if self.chance(0.3) and not type_name.endswith("!") else ""
            self.variables[name] = Variable(f"${name}: {type_name}{required}", (value, other))
        else:
            declaration = f"${name}: {type_name} = {literal(default)}"
            self.variables[name] = Variable(declaration, (None, other) if self.chance(0.6) else (value, None))
        return f"${name}"

    def directive(self) -> str:
        if not self.with_directives or self.chance(0.8):
            return ""
        name = self.rng.choice(["skip", "include"])
        return (
            f" @{name}(if: {self.rng.choice(['true', 'false'])})"
            if self.chance(0.4)
            else f" @{name}(if: {self._flag()})"
        )

    def _flag(self) -> str:
        name = self.name("b")
        values = self.chance(0.5), self.chance(0.5)
        self.variables[name] = Variable(f"${name}: Boolean!", values)
        return f"${name}"


class Word(str):
    """A value of an enum."""


_WORDS = {"ASC", "DESC", "opening", "post", "amend", "delete", "move_out", "move_in"}


def literal(value: Any) -> str:
    """Return the value as a document has it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {literal(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return value if isinstance(value, str) and value in _WORDS else json.dumps(value)
