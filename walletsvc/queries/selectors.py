"""Read the public resources that the principal can see: one record, or a page of a list."""

from __future__ import annotations

from collections.abc import Sequence

from walletsvc.principals import Principal
from walletsvc.queries.cursors import decode_cursor
from walletsvc.queries.engine import read_by_ids, read_one, read_page, read_related
from walletsvc.queries.filters import filter_queryset
from walletsvc.queries.permission import check_related
from walletsvc.queries.questions import CursorPage, Question, Selection, parse_order
from walletsvc.queries.records import Page, Record
from walletsvc.schema.resources import RESOURCES

EVERYTHING = Selection()
"""All fields of a record, without related records."""


def get_record(
    *, principal: Principal, resource: str, selection: Selection = EVERYTHING, **match: object
) -> Record | None:
    """Return the record whose unique column matches (`id=1`, `label="Savings"`), or None."""
    if not all(map(_could_be_stored, match.values())):
        return None
    return read_one(RESOURCES[resource], selection, principal=principal, **match)


def list_records(*, principal: Principal, question: Question) -> Page:
    """Return the page for the question. Raises `InvalidParameter`."""
    return read_page(question, principal=principal)


def check_question(question: Question, *, principal: Principal, parent: str = "") -> None:
    """Raise the `InvalidParameter` that its filters, order or cursors would be refused with, without reading.

    `parent` is the key to the records' parent. The selection is not checked.
    """
    resource = RESOURCES[question.resource]
    everything = resource.model._default_manager.all()
    filter_queryset(resource.name, everything, question.filters, principal=principal)
    order = parse_order(resource, question.order, parent=parent)
    if isinstance(question.page, CursorPage):
        for parameter in ("after", "before"):
            cursor = getattr(question.page, parameter)
            if cursor is not None:
                decode_cursor(cursor, order, resource, parameter=parameter)


def list_records_by_id(
    *, principal: Principal, resource: str, ids: list[int], selection: Selection = EVERYTHING
) -> list[Record | None]:
    """Return the record of each id, in order, and None for each that is missing."""
    found = {
        record.id: record
        for record in read_by_ids(
            RESOURCES[resource], selection, principal=principal, ids=list(set(filter(_could_be_stored, ids)))
        )
    }
    return [found.get(identifier) for identifier in ids]


def add_related(records: Sequence[Record], selection: Selection, *, principal: Principal) -> None:
    """Read the related records that `selection` selects into `records`, in their current state."""
    for resource in {record.resource.name for record in records}:
        check_related(principal, RESOURCES[resource], selection)
    read_related(records, selection, principal=principal)


def _could_be_stored(value: object) -> bool:
    """Tell whether a column could hold `value`: drivers fail on integers beyond 64 bits and on lone surrogates."""
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return not isinstance(value, str) or not any("\ud800" <= character <= "\udfff" for character in value)
