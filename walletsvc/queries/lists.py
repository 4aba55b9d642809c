"""The list that a question asks for: the conditions for its rows, their plan, and the page that is cut from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import Model, QuerySet

from walletsvc.db import reader
from walletsvc.principals import Principal
from walletsvc.queries import counts, cursors
from walletsvc.queries.filters import filter_queryset
from walletsvc.queries.questions import CursorPage, Order, Question
from walletsvc.queries.records import Page, Plan, plan_for
from walletsvc.queries.row_sql import Row
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES


def filtered(question: Question, principal: Principal) -> QuerySet[Model]:
    """Return what passes the filters, in no order. Raises `InvalidParameter`."""
    if any(name == "txid" for name, _ in question.filters):
        # Whoever asks for a txid may decide by the answer whether to post it: the writer knows.
        reader.leave()
    everything = RESOURCES[question.resource].model._default_manager.all()
    return filter_queryset(question.resource, everything, question.filters, principal=principal)


def plan_of(question: Question, order: Order, principal: Principal) -> Plan:
    """Return the plan for what is selected, for the cursors of the order, and for the numbers that parents keep."""
    columns = tuple(column for column, _ in order.columns)
    also = columns + counts.kept_for(RESOURCES[question.resource], question.selection)
    return plan_for(principal, question.resource, question.selection.fields, also)


def within_owner(order: Order, resource: Resource) -> Order:
    """Return the same order of one owner's records, without what is behind a column that is unique within an owner.

    MariaDB does not see that the id behind it decides nothing, and would sort.
    """
    unique = {each.column for each in resource.fields if each.unique}
    last = next((place for place, (column, _) in enumerate(order.columns) if column in unique), len(order.columns))
    return Order(order.columns[: last + 1])


def between_cursors(queryset: QuerySet[Model], page: CursorPage, order: Order, resource: Resource) -> QuerySet[Model]:
    """Return the part of a queryset between the cursors of a page. Raises `InvalidParameter`."""
    for cursor, walk, parameter in ((page.after, order, "after"), (page.before, order.reversed(), "before")):
        if cursor is not None:
            values = cursors.decode_cursor(cursor, order, resource, parameter=parameter)
            queryset = queryset.filter(cursors.beyond(walk, values))
    return queryset


def cut_page(rows: Sequence[Row], question: Question, order: Order, plan: Plan) -> Page:
    """Make a page from rows read one past its size, in reverse order for a page from the end."""
    return page_cutter(question, order, plan)(rows)


def page_cutter(question: Question, order: Order, plan: Plan) -> Callable[[Sequence[Row]], Page]:
    """Return what makes such a page, for many of them."""
    page = question.page
    size = page.size
    # Relay: `hasNextPage` and `hasPreviousPage` beyond the other end are set if the cursor itself shows them.
    is_after = isinstance(page, CursorPage) and page.after is not None
    is_before = isinstance(page, CursorPage) and page.before is not None

    def forward(rows: Sequence[Row]) -> Page:
        more = len(rows) > size
        return Page(plan, rows[:size] if more else rows, order, more, is_after)

    def backward(rows: Sequence[Row]) -> Page:
        return Page(plan, rows[:size][::-1], order, is_before, len(rows) > size)

    return backward if isinstance(page, CursorPage) and page.backward else forward
