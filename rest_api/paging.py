"""The links and meta of a list, paged by number or by cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from rest_api.parameters import format_parameters, format_url
from rest_api.query import Query, is_range, page_parameters
from walletsvc.queries.questions import CursorPage, NumberedPage
from walletsvc.queries.records import Page, cursor_of


def list_url(url: str, query: Query, page: NumberedPage | CursorPage | None = None) -> str:
    """Return the canonical URL of the list at `url`, or of another `page` of it: the same for equal queries."""
    page = page or query.page
    numbered = isinstance(page, NumberedPage)
    return format_url(url, query.text, _number_text(page) if numbered else format_parameters(page_parameters(page)))


@lru_cache(maxsize=1024)  # the links of a list repeat its page size; a cursor is any text of a caller
def _number_text(page: NumberedPage) -> str:
    return format_parameters(page_parameters(page))


def page_links(url: str, query: Query, page: Page) -> Mapping[str, object]:
    """Return the links first, last, prev and next; null for a page that does not exist or is not known."""
    if isinstance(query.page, NumberedPage):
        return _numbered_links(url, query, query.page, page)
    return _cursor_links(url, query, query.page, page)


def page_meta(query: Query, page: Page) -> Mapping[str, object] | None:
    """Return the document's meta: the total, or what the cursor pagination profile asks for."""
    if isinstance(query.page, NumberedPage):
        pages = count_pages(query.page, page)
        pagination = {"page": query.page.number, "pages": pages, "count": page.count}
        return {"pagination": pagination | {"countIsMinimum": True} if page.count_is_minimum else pagination}
    if is_range(query.page) and page.has_next:
        return {"page": {"rangeTruncated": True}}
    return None


def count_pages(page: NumberedPage, answer: Page) -> int:
    """Return the number of pages of the list, or of its part that was counted; an empty list has one."""
    return max(1, -(-(answer.count or 0) // page.size))


def _numbered_links(url: str, query: Query, page: NumberedPage, answer: Page) -> Mapping[str, object]:
    pages = count_pages(page, answer)

    def link(number: int) -> str:
        return list_url(url, query, NumberedPage(number, page.size))

    return {
        "first": link(1),
        # The end of a list that was not counted to its end is not known.
        "last": None if answer.count_is_minimum else link(pages),
        # Beyond the end, `prev` leads to the last page.
        "prev": link(page.number - 1 if answer.rows else min(page.number - 1, pages)) if page.number > 1 else None,
        "next": link(page.number + 1) if page.number < pages or answer.has_next else None,
    }


def _cursor_links(url: str, query: Query, page: CursorPage, answer: Page) -> Mapping[str, object]:
    def link(*, after: str | None = None, before: str | None = None) -> str:
        return list_url(url, query, replace(page, after=after, before=before))

    links: dict[str, object] = {"first": link(), "last": None, "prev": None, "next": None}
    if answer.rows:
        if answer.has_previous:
            links["prev"] = link(before=cursor_of(answer.plan, answer.order, answer.rows[0]))
        if answer.has_next or is_range(page):
            # The client set the end of the range; the list may continue after it.
            links["next"] = link(after=cursor_of(answer.plan, answer.order, answer.rows[-1]))
    return links
