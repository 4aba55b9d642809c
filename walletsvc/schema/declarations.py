"""The parts of a resource's declaration. The resources themselves are in `resources.py`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from enum import Enum
from functools import cached_property

from django.db.models import Model

from walletsvc.schema.kinds import INTEGER, Kind
from walletsvc.schema.types import Amount, Currency, Owner, Type


def _in_python(name: str) -> str:
    """Return a public name as Python spells it: created_at for createdAt."""
    return re.sub("([A-Z])", r"_\1", name).lower()


class Write(Enum):
    """When a client may write a field."""

    NEVER = "never"
    ONCE = "once"
    """When the resource is created."""
    ALWAYS = "always"
    LATER = "later"
    """Once the resource exists: its creation sets the default. Takes the scope admin."""


@dataclass(frozen=True)
class Field:
    """A public attribute, by the name that both faces use.

    `column` defaults to the same name. `input` describes the value to clients that send one, if the description is
    not enough. A resource cannot be created without a `required` field. `fixed` is the refusal of a change to a field
    that is written once. Lists can be filtered by the lookups in `filters` (`exact`, `icontains`, `gte`), and sorted
    by a field that `sorts`, for which the table needs an index. For callers bound to an owner, an `unbound` field
    does not exist, and another is read from its `owner_column`, if it has one.
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
    unbound: bool = False
    owner_column: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "column", self.column or self.key)

    @property
    def kind(self) -> Kind:
        """Return the kind of its column."""
        return self.type.kind

    @property
    def input_description(self) -> str:
        """Return the description for clients that send a value."""
        limit = getattr(self.type, "max_length", None)
        description = self.input or self.description
        return description if limit is None else f"{description} At most {limit:,} characters."

    @cached_property
    def key(self) -> str:
        """Return its Python name, for commands, serializers and inputs."""
        return _in_python(self.name)


@dataclass(frozen=True)
class ToOne:
    """A relation to one other resource, through a foreign key `column` of this table.

    `within_wallet` states that no other wallet's writes change the related resource: only then does an answer that
    shows it depend on one wallet alone. An `optional` relation may be empty. For callers bound to an owner it is read
    from its `owner_column`, if it has one (`queries.row_sql`).
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
    owner_column: str = ""

    @cached_property
    def key(self) -> str:
        """Return its Python name."""
        return _in_python(self.name)


@dataclass(frozen=True)
class ToMany:
    """A relation to many resources, through a foreign key `column` of the target's table.

    `few` states that usually one page shows all of them. For `within_wallet` see `ToOne`.
    """

    name: str
    target: str
    column: str
    description: str
    _: KW_ONLY
    within_wallet: bool = False
    few: bool = False

    @cached_property
    def filter(self) -> str:
        """Return the name of the target's filter that selects what is related to one parent."""
        first, *rest = self.column.removesuffix("_id").split("_")
        return first + "".join(map(str.capitalize, rest))


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A public type.

    `scope` is required to read it. `currency` is the column with the currency of its amounts, or any text if it has
    none. `inputs` are given for a new one, and are no part of it. `search` names the columns that the filter `search`
    looks in. For lists of one parent, by their foreign key: `walks` names the index that has the order of a column,
    so that a page reads only the rows that it shows; `numbers` names the column, if any, that numbers the rows from
    1, without gaps and in the order of their ids.
    """

    name: str
    model: type[Model]
    description: str
    scope: str
    fields: tuple[Field, ...]
    currency: str = "currency"
    inputs: tuple[Field | ToOne, ...] = ()
    to_one: Mapping[str, ToOne] = field(default_factory=dict)
    to_many: Mapping[str, ToMany] = field(default_factory=dict)
    search: tuple[str, ...] = ()
    walks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def of_owner(self) -> Resource:
        """Return the resource as callers bound to an owner know it."""
        known = (each for each in self.fields if not each.unbound)
        return replace(
            self,
            fields=tuple(replace(each, column=each.owner_column or each.column) for each in known),
            to_one={
                name: replace(each, column=each.owner_column or each.column) for name, each in self.to_one.items()
            },
        )

    def as_given(self, *names: str, inputs: tuple[Field | ToOne, ...] = ()) -> Resource:
        """Return the resource as a command takes it that clients give these fields of it, and `inputs`, only."""
        return replace(
            self,
            fields=tuple(each if each.name in names else replace(each, write=Write.NEVER) for each in self.fields),
            to_one={name: replace(each, write=Write.NEVER, required=False) for name, each in self.to_one.items()},
            inputs=inputs,
        )

    @cached_property
    def orders(self) -> Mapping[str, str]:
        """Return the column behind each name that lists can be sorted by."""
        return {"id": "id"} | {each.name: each.column for each in self.fields if each.sorts}

    @cached_property
    def details(self) -> tuple[Field, ...]:
        """Return the fields that clients write and no rule of the ledger uses: they are stored unchanged."""
        writable = self._writable(self.fields)
        return tuple(
            each
            for each in writable
            if not (each.unique or each.write is Write.LATER or isinstance(each.type, Amount | Currency | Owner))
        )

    @cached_property
    def written(self) -> tuple[Field | ToOne, ...]:
        """Return all that clients write, the details last."""
        decisive = [each for each in self._writable(self.fields) if each not in self.details]
        return (*decisive, *(each for each in self.to_one.values() if each.write is not Write.NEVER), *self.details)

    @cached_property
    def written_keys(self) -> frozenset[str]:
        """Return the names in Python of `written`."""
        return frozenset(each.key for each in self.written)

    @cached_property
    def input_keys(self) -> frozenset[str]:
        """Return the names in Python of `inputs`."""
        return frozenset(each.key for each in self.inputs)

    @staticmethod
    def _writable(fields: Iterable[Field]) -> Iterable[Field]:
        return (each for each in fields if each.write is not Write.NEVER)

    def kind_of(self, column: str) -> Kind:
        """Return the kind of a column: that of its attribute, or else that of a key."""
        return next((each.kind for each in self.fields if each.column == column), INTEGER)

    def details_of(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return the details in `values` by column; `values` are by Python name."""
        return {each.column: values[each.key] for each in self.details if each.key in values}
