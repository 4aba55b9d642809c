"""The results of the read engine: rows, the plan for their fields, and the records that both faces encode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from operator import attrgetter
from typing import Any

from django.db.models import Model

from walletsvc.models import Wallet
from walletsvc.principals import Principal
from walletsvc.queries import cursors
from walletsvc.queries.questions import Order
from walletsvc.queries.row_sql import AtLeast, Row, encode_rows
from walletsvc.schema.declarations import Resource
from walletsvc.schema.kinds import Kind, Texts
from walletsvc.schema.resources import RESOURCES, RESOURCES_OF_OWNER

CURRENCY = 1
"""The place of the currency in a row. The id is first."""


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The columns to read for the selected fields, and the place of each in the row."""

    resource: Resource
    columns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    fields: tuple[tuple[str, int, Kind], ...]
    by_name: Mapping[str, tuple[int, Kind]]
    keys: Mapping[str, int]
    places: Mapping[str, int]
    values_of: Callable[[Model], tuple[Any, ...]]
    """Gets the values of the columns from a model instance."""

    def row_of(self, instance: Model) -> Row:
        """Return the row of a model instance, as if it had been read."""
        pairs = zip(self.kinds, self.values_of(instance), strict=True)
        row: list[Any] = [None if value is None else kind.encode(value) for kind, value in pairs]
        return row

    def rows_of(self, instances: Iterable[Model]) -> Sequence[Row]:
        """Return the rows of model instances, as if they had been read."""
        return encode_rows(map(self.values_of, instances), self.kinds)


def plan_for(
    principal: Principal, resource_name: str, fields: frozenset[str] | None, also: tuple[str, ...] = ()
) -> Plan:
    """Return the plan to read what a caller knows of the `fields` of a resource (None: all), and the columns `also`.

    All callers that are bound to an owner have the same, and all others.
    """
    return _make_plan(resource_name, fields, also, principal.owner is not None)


@lru_cache(maxsize=1024)
def _make_plan(resource_name: str, fields: frozenset[str] | None, also: tuple[str, ...], is_bound: bool) -> Plan:
    resource = (RESOURCES_OF_OWNER if is_bound else RESOURCES)[resource_name]
    wanted = [each for each in resource.fields if fields is None or each.name in fields]
    columns = ["id", resource.currency, *(each.column for each in wanted)]
    columns += [relation.column for relation in resource.to_one.values()]
    columns = list(dict.fromkeys([*columns, *also]))
    places = {column: index for index, column in enumerate(columns)}
    shown = tuple((each.name, places[each.column], each.kind) for each in wanted)
    return Plan(
        resource=resource,
        columns=tuple(columns),
        kinds=tuple(map(resource.kind_of, columns)),
        fields=shown,
        by_name={name: (place, kind) for name, place, kind in shown},
        keys={name: places[relation.column] for name, relation in resource.to_one.items()},
        places=places,
        values_of=_getter_of(columns),
    )


def own_transfer_id(transaction: Any) -> int | None:
    """Return the transfer of a transaction, if all its wallets have one owner: callers of an owner see no other."""
    transfer = transaction.transfer if transaction.transfer_id is not None else None
    return transfer.id if transfer is not None and transfer.owner == transaction.owner else None


def own_destination_id(hold: Any) -> int | None:
    """Return the destination of a hold, if it is of the hold's owner: callers of an owner see no other."""
    if hold.has_own_destination is not None:
        return hold.destination_id if hold.has_own_destination else None
    wallet = Wallet.objects.filter(id=hold.destination_id or 0, owner=hold.owner)
    return None if hold.destination_id is None else wallet.values_list("id", flat=True).first()


_COMPUTED: Mapping[str, Callable[[Any], object]] = {
    "own_transfer_id": own_transfer_id,
    "own_destination_id": own_destination_id,
}
"""What `row_sql` computes in place of a column, for a model instance."""


def _getter_of(columns: Sequence[str]) -> Callable[[Model], tuple[Any, ...]]:
    if not any(column in _COMPUTED for column in columns):
        return attrgetter(*columns)
    return partial(_values_of, [_COMPUTED.get(column) or attrgetter(column) for column in columns])


def _values_of(getters: Sequence[Callable[[Any], object]], instance: Model) -> tuple[Any, ...]:
    return tuple(get(instance) for get in getters)


class Record:
    """One object as both faces show it: a row, and its related records.

    `one` and `many` hold the selected related records; `many` by relation and alias; `history` what was computed from
    its entries, by the question. `order` is that of the list that the record belongs to.
    """

    __slots__ = ("_attributes", "history", "id", "many", "one", "order", "plan", "row")

    def __init__(self, plan: Plan, row: Row, order: Order | None = None) -> None:
        self.plan = plan
        self.row = row
        self.order = order
        self.id = int(row[0])
        self.one: dict[str, Record | None] = {}
        self.many: dict[tuple[str, str], Page] = {}
        self.history: dict[Any, Any] = {}
        self._attributes: dict[str, object] | None = None

    @property
    def resource(self) -> Resource:
        """Return its resource."""
        return self.plan.resource

    @property
    def currency(self) -> str:
        """Return its currency."""
        return self.row[CURRENCY].decode()

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return its attributes as both faces show them, by public name."""
        if self._attributes is None:
            row, currency = self.row, self.row[CURRENCY]
            self._attributes = {name: kind.value(row[index], currency) for name, index, kind in self.plan.fields}
        return self._attributes

    @property
    def keys(self) -> Mapping[str, int | None]:
        """Return the ids behind its to-one relations."""
        texts: list[tuple[str, bytes | None]] = [(name, self.row[place]) for name, place in self.plan.keys.items()]
        return {name: None if text is None else int(text) for name, text in texts}

    @property
    def cursor(self) -> str | None:
        """Return the cursor of its place in the list; computed only on demand."""
        return None if self.order is None else cursor_of(self.plan, self.order, self.row)


def cursor_of(plan: Plan, order: Order, row: Row) -> str:
    """Return the cursor of a row in a list of this order."""
    [cursor] = cursors_of(plan, order, [[column] for column in row])
    return cursor.decode()


def cursors_of(plan: Plan, order: Order, columns: Sequence[Texts]) -> list[bytes]:
    """Return the cursors of many rows, given by column, in a list of this order."""
    places = [plan.places[column] for column, _ in order.columns]
    return cursors.encode_cursors(order, [(plan.kinds[place], columns[place]) for place in places])


@dataclass
class Linked:
    """What a to-one relation of a list leads to: each row once, by the text of its id, and what that leads to."""

    plan: Plan
    rows: Mapping[bytes, Row]
    links: Links = field(default_factory=dict)
    lists: Lists = field(default_factory=dict)

    @cached_property
    def records(self) -> Mapping[bytes | None, Record]:
        """Return its records, by the text of their ids."""
        records: dict[bytes | None, Record] = {key: Record(self.plan, row) for key, row in self.rows.items()}
        _attach(self.links, records.values())
        attach_lists(self.lists, records.values())
        return records


Links = Mapping[str, Linked]
"""The to-one relations of a list that were read as rows, by name."""
Lists = Mapping[tuple[str, str], Mapping[bytes, "Page"]]
"""The to-many relations of a list, by relation and alias: the page of each record, by the text of its id."""


def _attach(links: Links, records: Iterable[Record]) -> None:
    for name, linked in links.items():
        related = linked.records
        for record in records:
            record.one[name] = related.get(record.row[record.plan.keys[name]])


def attach_lists(lists: Lists, records: Iterable[Record]) -> None:
    """Give records the pages of their to-many relations."""
    for place, pages in lists.items():
        for record in records:
            record.many[place] = pages[record.row[0]]


@dataclass
class Page:
    """A part of a list, in its order. `count` is that of the whole list, if requested; it may be `AtLeast` a
    number."""

    plan: Plan
    rows: Sequence[Row]
    order: Order
    has_next: bool = False
    has_previous: bool = False
    count: int | None = None
    links: Links | None = None
    lists: Lists | None = None

    @property
    def count_is_minimum(self) -> bool:
        """Tell whether the list may have more records than `count`."""
        return isinstance(self.count, AtLeast)

    @cached_property
    def records(self) -> list[Record]:
        """Return its records. A document that shows nothing but columns needs only the rows."""
        records = [Record(self.plan, row, self.order) for row in self.rows]
        _attach(self.links or {}, records)
        attach_lists(self.lists or {}, records)
        return records
