"""Short forms of questions to the read engine."""

from __future__ import annotations

from typing import Any

from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import CursorPage, Question
from walletsvc.queries.records import Page
from walletsvc.queries.selectors import list_records

NAMES = {"Wallet": "label", "Transaction": "txid", "Entry": "sequence"}


def ask(resource: str, *, principal: Principal = ANYONE, **question: Any) -> Page:
    """Return the page that a question of everyone's gets."""
    return list_records(principal=principal, question=Question(resource, **question))


def names(page: Page) -> list[Any]:
    """Return what the records of a page are known by, in order."""
    return [record.attributes[NAMES[record.resource.name]] for record in page.records]


def found(resource: str, *filters: tuple[str, str]) -> list[Any]:
    """Return the names of what passes the filters, in the order of their ids."""
    page = ask(resource, filters=filters, page=CursorPage(100), count=True)
    assert page.count == len(page.records)
    return names(page)
