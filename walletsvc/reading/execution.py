"""The read engine: a question becomes one query a level, of tuples, and the records both faces encode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.db.models import Count, F, Model, QuerySet, Window
from django.db.models.functions import RowNumber

from walletsvc.filters import filter_queryset
from walletsvc.principals import Principal
from walletsvc.reading import cursors
from walletsvc.reading.questions import CursorPage, NumberedPage, Order, Question, Selection, parse_order
from walletsvc.reading.resources import RESOURCES, Printer, Resource
from walletsvc.reading.rows import count_rows, fetch_rows
from walletsvc.reading.scope import within_reach


@dataclass(slots=True)
class Record:
    """One object as both faces show it.

    `attributes` are printed, by public name. `keys` are the ids behind its to-one relations, `one` and `many`
    the related records that were asked for; `many` by relation and alias. `place` is that in the list: the order and
    the values that its columns have.
    """

    resource: Resource = field(repr=False)
    id: int
    attributes: dict[str, object]
    keys: dict[str, int | None]
    place: tuple[Order, tuple[object, ...]] | None = None
    one: dict[str, Record | None] = field(default_factory=dict)
    many: dict[tuple[str, str], Page] = field(default_factory=dict)

    @property
    def cursor(self) -> str | None:
        """Return the cursor of its place in the list that it was read as part of; made only when it is asked for."""
        return cursors.encode_cursor(*self.place) if self.place is not None else None


@dataclass(slots=True)
class Page:
    """A part of a list, in order. `count` is that of the whole list, if it was asked for."""

    records: list[Record]
    has_next: bool = False
    has_previous: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Which columns to read for the wanted fields, and where each is in the row. The id is the first."""

    resource: Resource
    columns: tuple[str, ...]
    fields: tuple[tuple[str, int, Printer | None], ...]
    keys: tuple[tuple[str, int], ...]
    currency: int

    def record(self, row: Sequence[Any]) -> Record:
        """Turn a row into a record."""
        currency = row[self.currency]
        attributes = {
            name: row[index] if print_value is None else print_value(row[index], currency)
            for name, index, print_value in self.fields
        }
        return Record(self.resource, row[0], attributes, {name: row[index] for name, index in self.keys})


@lru_cache(maxsize=1024)
def _make_plan(resource_name: str, fields: frozenset[str] | None, also: tuple[str, ...]) -> Plan:
    resource = RESOURCES[resource_name]
    wanted = [each for each in resource.fields if fields is None or each.name in fields]
    columns = ["id", "currency", *(each.column for each in wanted)]
    columns += [relation.column for relation in resource.to_one.values()]
    columns = list(dict.fromkeys([*columns, *also]))
    place = {column: index for index, column in enumerate(columns)}
    return Plan(
        resource=resource,
        columns=tuple(columns),
        fields=tuple((each.name, place[each.column], each.print) for each in wanted),
        keys=tuple((name, place[relation.column]) for name, relation in resource.to_one.items()),
        currency=place["currency"],
    )


def read_page(question: Question, *, principal: Principal) -> Page:
    """Answer a question. Raises `InvalidParameter` for filters, orders and cursors that make no sense."""
    resource = RESOURCES[question.resource]
    queryset = _base(question, principal)
    order = parse_order(resource, question.order)
    count = count_rows(queryset) if question.count else None
    if isinstance(question.page, NumberedPage):
        start = (question.page.number - 1) * question.page.size
        plan = _plan(question, order)
        rows = fetch_rows(queryset, plan.columns, order=order, limit=question.page.size + 1, offset=start)
        page = _cut(rows, question, order, plan)
        page.has_previous = start > 0
    else:
        page = _read_cursor_page(queryset, question, question.page, order)
    page.count = count
    read_related(page.records, question.selection, principal=principal)
    return page


def read_one(resource: Resource, selection: Selection, *, principal: Principal, **match: object) -> Record | None:
    """Return the record within reach whose columns match, if there is one."""
    found = read_many(resource, selection, principal=principal, **match)
    return found[0] if found else None


def read_many(resource: Resource, selection: Selection, *, principal: Principal, **match: object) -> list[Record]:
    """Return the records within reach whose columns match, in no order. For unique columns and lists of ids."""
    plan = _make_plan(resource.name, selection.fields, ())
    queryset: QuerySet[Model] = within_reach(resource.model._default_manager.filter(**match), principal)
    records = [plan.record(row) for row in fetch_rows(queryset, plan.columns)]
    read_related(records, selection, principal=principal)
    return records


def _base(question: Question, principal: Principal) -> QuerySet[Model]:
    resource = RESOURCES[question.resource]
    queryset = within_reach(resource.model._default_manager.all(), principal)
    return filter_queryset(resource.name, queryset, question.filters)


def _plan(question: Question, order: Order, *also: str) -> Plan:
    columns = tuple(column for column, _ in order.columns)
    return _make_plan(question.resource, question.selection.fields, (*columns, *also))


def _read_cursor_page(queryset: QuerySet[Model], question: Question, page: CursorPage, order: Order) -> Page:
    walk = order.reversed() if page.backward else order
    plan = _plan(question, order)
    queryset = _between_cursors(queryset, page, order)
    rows = fetch_rows(queryset, plan.columns, order=walk, limit=page.size + 1)
    return _cut(rows, question, order, plan)


def _between_cursors(queryset: QuerySet[Model], page: CursorPage, order: Order) -> QuerySet[Model]:
    for cursor, walk, parameter in ((page.after, order, "after"), (page.before, order.reversed(), "before")):
        if cursor is not None:
            values = cursors.decode_cursor(cursor, order, parameter=parameter)
            queryset = queryset.filter(cursors.beyond(walk, values))
    return queryset


def _cut(rows: list[Any], question: Question, order: Order, plan: Plan) -> Page:
    """Make a page of rows that were read one past its size, backward if it is a page from the end."""
    page = question.page
    more = len(rows) > page.size
    rows = rows[: page.size]
    backward = isinstance(page, CursorPage) and page.backward
    if backward:
        rows.reverse()
    places = [plan.columns.index(column) for column, _ in order.columns]
    records = []
    for row in rows:
        record = plan.record(row)
        record.place = (order, tuple([row[place] for place in places]))
        records.append(record)
    if not isinstance(page, CursorPage):
        return Page(records, has_next=more)
    # Relay: what lies beyond the other end is told where it is cheap to know, from the cursor itself.
    if backward:
        return Page(records, has_previous=more, has_next=page.before is not None)
    return Page(records, has_next=more, has_previous=page.after is not None)


# -- related records -----------------------------------------------------------------------------------


def read_related(records: Sequence[Record], selection: Selection, *, principal: Principal) -> None:
    """Read what is related to all of `records` at once. Never by a JOIN: MariaDB would begin with the other
    table and sort."""
    for name, wanted in selection.to_one:
        _read_to_one(records, name, wanted, principal)
    for name, question in selection.to_many:
        _read_to_many(records, name, question, principal)


def _read_to_one(records: Sequence[Record], name: str, selection: Selection, principal: Principal) -> None:
    if not records:
        return
    target = RESOURCES[records[0].resource.to_one[name].target]
    ids = {record.keys[name] for record in records} - {None}
    found = {each.id: each for each in read_many(target, selection, principal=principal, id__in=ids)} if ids else {}
    for record in records:
        record.one[name] = found.get(record.keys[name] or 0)


def _read_to_many(parents: Sequence[Record], name: str, question: Question, principal: Principal) -> None:
    if not parents:
        return
    if not isinstance(question.page, CursorPage):
        raise TypeError("Related records are paged by cursor.")
    column = parents[0].resource.to_many[name].column
    ids = [parent.id for parent in parents]
    queryset = _base(question, principal).filter(**{f"{column}__in": ids})
    order = parse_order(RESOURCES[question.resource], question.order)
    counts = _count_by(queryset, column) if question.count else {}
    if len(parents) == 1:
        pages = {ids[0]: _read_cursor_page(queryset, question, question.page, order)}
    else:
        pages = _read_windows(queryset, question, question.page, order, column, ids)
    for parent in parents:
        page = parent.many[name, question.alias] = pages[parent.id]
        page.count = counts.get(parent.id, 0) if question.count else None
    children = [record for page in pages.values() for record in page.records]
    read_related(children, question.selection, principal=principal)


def _count_by(queryset: QuerySet[Model], column: str) -> dict[int, int]:
    return dict(queryset.order_by().values_list(column).annotate(Count("id")))


def _read_windows(
    queryset: QuerySet[Model], question: Question, page: CursorPage, order: Order, column: str, ids: Sequence[int]
) -> dict[int, Page]:
    """Read the same page for each of these parents in one query."""
    walk = order.reversed() if page.backward else order
    plan = _plan(question, order, column)
    queryset = _between_cursors(queryset, page, order)
    numbered = queryset.annotate(
        place=Window(RowNumber(), partition_by=F(column), order_by=[_expression(word) for word in walk.order_by()])
    ).filter(place__lte=page.size + 1)
    rows_by_parent: defaultdict[int, list[Any]] = defaultdict(list)
    index = plan.columns.index(column)
    for row in numbered.order_by(column, "place").values_list(*plan.columns):
        rows_by_parent[row[index]].append(row)
    return {parent: _cut(rows_by_parent[parent], question, order, plan) for parent in ids}


def _expression(word: str) -> Any:
    return F(word[1:]).desc() if word.startswith("-") else F(word).asc()
