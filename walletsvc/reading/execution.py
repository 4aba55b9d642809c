"""The read engine: a question becomes one query a level, of tuples, and the records both faces encode."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, F, Model, QuerySet, Window
from django.db.models.functions import RowNumber

from walletsvc.filters import filter_queryset
from walletsvc.principals import Principal
from walletsvc.reading import counts, cursors
from walletsvc.reading.asking import Asked, answer
from walletsvc.reading.questions import CursorPage, NumberedPage, Order, Question, Selection, parse_order
from walletsvc.reading.records import Page, Plan, Record, make_plan
from walletsvc.reading.resources import RESOURCES, Resource
from walletsvc.reading.rows import Row, ask_rows, encode_rows, fetch_rows_by_id
from walletsvc.reading.scope import within_reach


def read_page(question: Question, *, principal: Principal) -> Page:
    """Answer a question. Raises `InvalidParameter` for filters, orders and cursors that make no sense."""
    resource = RESOURCES[question.resource]
    queryset = _base(question, principal)
    order = parse_order(resource, question.order)
    count = counts.ask_count(question, queryset, principal=principal) if question.count else None
    if isinstance(question.page, NumberedPage):
        start = (question.page.number - 1) * question.page.size
        plan = _plan(question, order)
        limit = question.page.size + 1
        wanted = ask_rows(queryset, plan.columns, plan.kinds, order=order, limit=limit, offset=start, count=count)
        rows, number = answer(wanted)
        page = _cut(rows, question, order, plan)
        page.has_previous = start > 0
        page.count = number
    else:
        page = _read_cursor_page(queryset, question, question.page, order, count)
    read_related(page.records, question.selection, principal=principal)
    return page


def read_one(resource: Resource, selection: Selection, *, principal: Principal, **match: object) -> Record | None:
    """Return the record within reach whose columns match, if there is one."""
    identifier = match.get("id")
    if isinstance(identifier, int) and len(match) == 1:
        found = read_by_ids(resource, selection, principal=principal, ids=[identifier])
    else:
        found = read_many(resource, selection, principal=principal, **match)
    return found[0] if found else None


def read_by_ids(
    resource: Resource, selection: Selection, *, principal: Principal, ids: Sequence[int]
) -> list[Record]:
    """Return the records within reach that have these ids, in no order."""
    if principal.owner is not None:
        return read_many(resource, selection, principal=principal, id__in=ids)
    plan = make_plan(resource.name, selection.fields)
    records = [Record(plan, row) for row in fetch_rows_by_id(resource.model, plan.columns, plan.kinds, ids)]
    read_related(records, selection, principal=principal)
    return records


def read_many(resource: Resource, selection: Selection, *, principal: Principal, **match: object) -> list[Record]:
    """Return the records within reach whose columns match, in no order."""
    plan = make_plan(resource.name, selection.fields)
    queryset: QuerySet[Model] = within_reach(resource.model._default_manager.filter(**match), principal)
    rows, _ = answer(ask_rows(queryset, plan.columns, plan.kinds))
    records = [Record(plan, row) for row in rows]
    read_related(records, selection, principal=principal)
    return records


def _base(question: Question, principal: Principal) -> QuerySet[Model]:
    resource = RESOURCES[question.resource]
    queryset = within_reach(resource.model._default_manager.all(), principal)
    return filter_queryset(resource.name, queryset, question.filters)


def _plan(question: Question, order: Order, *also: str) -> Plan:
    columns = tuple(column for column, _ in order.columns)
    return make_plan(question.resource, question.selection.fields, (*columns, *also))


def _read_cursor_page(
    queryset: QuerySet[Model], question: Question, page: CursorPage, order: Order, count: Asked[int] | None = None
) -> Page:
    walk = order.reversed() if page.backward else order
    plan = _plan(question, order)
    queryset = _between_cursors(queryset, page, order)
    wanted = ask_rows(queryset, plan.columns, plan.kinds, order=walk, limit=page.size + 1, count=count)
    rows, number = answer(wanted)
    cut = _cut(rows, question, order, plan)
    cut.count = number
    return cut


def _between_cursors(queryset: QuerySet[Model], page: CursorPage, order: Order) -> QuerySet[Model]:
    for cursor, walk, parameter in ((page.after, order, "after"), (page.before, order.reversed(), "before")):
        if cursor is not None:
            values = cursors.decode_cursor(cursor, order, parameter=parameter)
            queryset = queryset.filter(cursors.beyond(walk, values))
    return queryset


def _cut(rows: Sequence[Row], question: Question, order: Order, plan: Plan) -> Page:
    """Make a page of rows that were read one past its size, backward if it is a page from the end."""
    page = question.page
    more = len(rows) > page.size
    rows = rows[: page.size]
    backward = isinstance(page, CursorPage) and page.backward
    if backward:
        rows = rows[::-1]
    records = [Record(plan, row, order) for row in rows]
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
    keys = [record.keys[name] for record in records]
    ids = [key for key in dict.fromkeys(keys) if key is not None]
    found = {each.id: each for each in read_by_ids(target, selection, principal=principal, ids=ids)}
    for record, key in zip(records, keys, strict=True):
        record.one[name] = None if key is None else found.get(key)


def _read_to_many(parents: Sequence[Record], name: str, question: Question, principal: Principal) -> None:
    if not parents:
        return
    if not isinstance(question.page, CursorPage):
        raise TypeError("Related records are paged by cursor.")
    column = parents[0].resource.to_many[name].column
    ids = [parent.id for parent in parents]
    queryset = _base(question, principal).filter(**{f"{column}__in": ids})
    order = parse_order(RESOURCES[question.resource], question.order)
    counted = _count_by(queryset, column, question, principal, ids) if question.count else {}
    if len(parents) == 1:
        pages = {ids[0]: _read_cursor_page(queryset, question, question.page, order)}
    else:
        pages = _read_windows(queryset, question, question.page, order, column, ids)
    for parent in parents:
        page = parent.many[name, question.alias] = pages[parent.id]
        page.count = counted.get(parent.id, 0) if question.count else None
    children = [record for page in pages.values() for record in page.records]
    read_related(children, question.selection, principal=principal)


def _count_by(
    queryset: QuerySet[Model], column: str, question: Question, principal: Principal, ids: Sequence[int]
) -> dict[int, int]:
    if question.resource == "Transaction" and column == "wallet_id" and not question.filters:
        return counts.count_by_wallet(ids, principal=principal)
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
    rows = encode_rows(numbered.order_by(column, "place").values_list(*plan.columns), plan.kinds)
    rows_by_parent: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        rows_by_parent[int(row[plan.places[column]])].append(row)
    return {parent: _cut(rows_by_parent[parent], question, order, plan) for parent in ids}


def _expression(word: str) -> Any:
    return F(word[1:]).desc() if word.startswith("-") else F(word).asc()
