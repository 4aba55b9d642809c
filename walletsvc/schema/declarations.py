"""What a declaration of a resource is made of. The resources themselves are in `resources.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from functools import cached_property

from django.db.models import Model

from walletsvc.schema.kinds import INTEGER, Kind
from walletsvc.schema.types import Amount, Currency, Type


class Write(Enum):
    """When a client may write a field."""

    NEVER = "never"
    ONCE = "once"
    """When the resource is created."""
    ALWAYS = "always"


@dataclass(frozen=True)
class Field:
    """A public attribute, by the name that both faces use.

    `column` is the one behind it, by default of the same name. `input` describes the value for clients that send one,
    where the description is not enough. A resource is not created without a `required` field. `fixed` is the refusal
    of a change to a field that is written once. Lists can be filtered by the lookups in `filters` (`exact`,
    `icontains`, `gte`), and sorted by a field that `sorts`, for which the table needs an index.
    """

    name: str
    type: Type
    description: str = ""
    _: KW_ONLY
    column: str = ""
    input: str = ""
    write: Write = Write.NEVER
    required: bool = False
    unique: bool = False
    fixed: str = ""
    filters: tuple[str, ...] = ()
    sorts: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", self.column or self.key)

    @property
    def kind(self) -> Kind:
        """Return how its column is read."""
        return self.type.kind

    @property
    def told_to_writers(self) -> str:
        """Return what a client has to know of a value that it sends."""
        limit = getattr(self.type, "max_length", None)
        told = self.input or self.description
        return told if limit is None else f"{told} At most {limit:,} characters."

    @cached_property
    def key(self) -> str:
        """Return its name in Python: commands, serializers and inputs call it so."""
        return re.sub("([A-Z])", r"_\1", self.name).lower()


@dataclass(frozen=True)
class ToOne:
    """A relation to one other resource, through a key `column` that this table holds.

    `within_wallet` says that it leads to nothing that another wallet's writes change: only then does an answer that
    shows it depend on one wallet alone. `optional` says that there may be none.
    """

    name: str
    target: str
    column: str
    description: str
    _: KW_ONLY
    within_wallet: bool = False
    optional: bool = False
    write: Write = Write.NEVER
    required: bool = False
    filters: bool = False

    @property
    def key(self) -> str:
        """Return its name in Python."""
        return self.name


@dataclass(frozen=True)
class ToMany:
    """A relation to many, through a key `column` of the target's table that refers to this one.

    As a rule there are `few`: so few that a page shows all of them. For `within_wallet` see `ToOne`.
    """

    name: str
    target: str
    column: str
    description: str
    _: KW_ONLY
    within_wallet: bool = False
    few: bool = False


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A public type.

    `scope` is what a caller needs to read it. `search` names the columns that the filter `search` looks in. Of those
    with one parent, by the key that refers to it: `walks` has the index by which to walk through them in the order of
    a column, so that a page reads what it shows; and `numbers` the column, if there is one, that numbers them from 1,
    without a gap and in the order of their ids.
    """

    name: str
    model: type[Model]
    description: str
    scope: str
    fields: tuple[Field, ...]
    to_one: Mapping[str, ToOne] = field(default_factory=dict)
    to_many: Mapping[str, ToMany] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    walks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def orders(self) -> Mapping[str, str]:
        """Return what lists can be sorted by: the column of each name."""
        return {"id": "id"} | {each.name: each.column for each in self.fields if each.sorts}

    @cached_property
    def details(self) -> tuple[Field, ...]:
        """Return what clients write and no rule of the ledger asks for: it is stored as it came."""
        writable = self._writable(self.fields)
        return tuple(each for each in writable if not (each.unique or isinstance(each.type, Amount | Currency)))

    @cached_property
    def written(self) -> tuple[Field | ToOne, ...]:
        """Return what clients write, the details last."""
        decisive = [each for each in self._writable(self.fields) if each not in self.details]
        return (*decisive, *(each for each in self.to_one.values() if each.write is not Write.NEVER), *self.details)

    @staticmethod
    def _writable(fields: Iterable[Field]) -> Iterable[Field]:
        return (each for each in fields if each.write is not Write.NEVER)

    def kind_of(self, column: str) -> Kind:
        """Return what a column holds: one of an attribute, or else a key."""
        return next((each.kind for each in self.fields if each.column == column), INTEGER)

    def details_of(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the details among `values`, which are by their names in Python, by their columns."""
        return {each.column: values[each.key] for each in self.details if each.key in values}
