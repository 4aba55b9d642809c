"""The types of public attributes: how a value is read, which values clients may write, and the default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import ClassVar

from django.conf import settings

from walletsvc import errors, money
from walletsvc.models.columns import MAX_DESCRIPTION_LENGTH, MAX_TEXT_LENGTH
from walletsvc.moments import parse_moment
from walletsvc.schema import kinds
from walletsvc.schema.kinds import Kind
from walletsvc.schema.values import parse_metadata, parse_name, parse_text


@dataclass(frozen=True)
class Type:
    """A type of attribute. `kind` is the kind of its column."""

    kind: ClassVar[Kind]

    def parse(self, value: object, *, field: str) -> object:
        """Return the value to store for the one a client sent. Raises `WalletError`, which names the `field`."""
        raise TypeError(f"Clients cannot write {field}.")

    def default(self) -> object:
        """Return the value to store if the client sent none."""
        raise TypeError(f"A {type(self).__name__} has no default.")

    def parameter(self, value: object) -> str:
        """Return a detail as a parameter of the ledger's statements."""
        return str(value)


@dataclass(frozen=True)
class Text(Type):
    """Any text, by default empty."""

    kind = kinds.TEXT
    max_length: int = MAX_DESCRIPTION_LENGTH

    def parse(self, value: object, *, field: str) -> str:
        return parse_text(value, field=field, max_length=self.max_length, allowed_controls="\n\t")

    def default(self) -> str:
        return ""


@dataclass(frozen=True)
class Name(Type):
    """A text on one line that is not empty and does not begin or end with space."""

    kind = kinds.TEXT
    max_length: int = MAX_TEXT_LENGTH

    def parse(self, value: object, *, field: str) -> str:
        return parse_name(value, field=field, max_length=self.max_length)


@dataclass(frozen=True)
class Owner(Name):
    """The name of an owner, by default empty: nobody in particular."""

    def parse(self, value: object, *, field: str) -> str:
        if value is None or value == "":
            return parse_text(value, field=field, max_length=self.max_length, allowed_controls="")
        return super().parse(value, field=field)

    def default(self) -> str:
        return ""


@dataclass(frozen=True)
class Amount(Type):
    """An exact decimal number, with the scale of the row's currency."""

    kind = kinds.AMOUNT
    may_be_zero: bool = True
    is_positive: bool = False

    def parse(self, value: object, *, field: str) -> Decimal:
        amount = money.parse_amount(value, field=field)
        if self.is_positive and amount <= 0:
            raise errors.InvalidAmount(f"The {field} must be positive.", field=field)
        if not amount and not self.may_be_zero:
            raise errors.InvalidAmount(f"The {field} of a transaction must not be zero.", field=field)
        return amount

    def default(self) -> Decimal:
        return Decimal(0)


@dataclass(frozen=True)
class Currency(Type):
    """The code of a currency or of an asset of this server."""

    kind = kinds.TEXT

    def parse(self, value: object, *, field: str) -> str:
        return money.parse_currency(value, field=field)

    def default(self) -> str:
        code: str = settings.DEFAULT_CURRENCY
        return code


@dataclass(frozen=True)
class Metadata(Type):
    """Any JSON object."""

    kind = kinds.METADATA

    def parse(self, value: object, *, field: str) -> Mapping[str, object]:
        return parse_metadata(value, field=field)

    def default(self) -> Mapping[str, object]:
        return {}

    def parameter(self, value: object) -> str:
        return json.dumps(value) if value else "{}"


@dataclass(frozen=True)
class External(Type):
    """What crosses the border, as a list of amounts with their currencies; its command parses it."""

    kind = kinds.EXTERNAL


@dataclass(frozen=True)
class Legs(Type):
    """The legs of a transfer; its command parses them."""

    kind = kinds.METADATA
    references: ClassVar[tuple[tuple[str, str], ...]] = (("wallet", "Wallet"),)
    """The members of a leg that refer to resources, with the type of these."""


@dataclass(frozen=True)
class Conditions(Type):
    """The conditions of a change; its command parses them."""

    kind = kinds.METADATA


@dataclass(frozen=True)
class Counter(Type):
    """A count, from 0."""

    kind = kinds.INTEGER


@dataclass(frozen=True)
class Moment(Type):
    """A moment in UTC, to the microsecond."""

    kind = kinds.TIME


@dataclass(frozen=True)
class OptionalMoment(Type):
    """A moment in UTC, to the microsecond, or null, which is the default."""

    kind = kinds.OPTIONAL_TIME

    def parse(self, value: object, *, field: str) -> datetime | None:
        if value is None:
            return None
        if not isinstance(value, str):
            raise errors.Invalid("A moment must have the form of RFC 3339: 2026-01-31T12:00:00Z.", field=field)
        # A moment within a microsecond, which no clock here tells apart, is as good as the beginning of it.
        return parse_moment(value, field=field).at

    def default(self) -> None:
        return None


@dataclass(frozen=True)
class Flag(Type):
    """True or false, by default false."""

    kind = kinds.INTEGER

    def parse(self, value: object, *, field: str) -> bool:
        if not isinstance(value, bool):
            raise errors.Invalid(f"{field} is true or false.", field=field)
        return value

    def default(self) -> bool:
        return False


@dataclass(frozen=True)
class Choice(Type):
    """One of the values of an enumeration."""

    kind = kinds.TEXT
    choices: type[Enum]

    @property
    def values(self) -> list[str]:
        """Return the possible values."""
        return [str(each.value) for each in self.choices]

    def parse(self, value: object, *, field: str) -> Enum:
        """Return the member of the enumeration that `value` is or names."""
        if isinstance(value, str) and value in self.values:
            return self.choices(value)
        raise errors.Invalid(f"{field} is one of {', '.join(self.values)}.", field=field)
