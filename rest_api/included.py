"""What a list includes (https://jsonapi.org/format/#document-compound-documents): each resource once, whatever paths
lead to it, with the included pages of all of them.

From rows: an object for each would take an eighth of the time of such a document.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from rest_api.query import Query
from rest_api.resource_objects import row_texts
from walletsvc.queries.records import Links, Lists, Page, Plan
from walletsvc.queries.row_sql import Row

_NO_PAGES: Mapping[str, Page] = {}


class Included:
    """The resources that a page leads to, and are not in it themselves."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._known: dict[str, set[bytes]] = {page.plan.resource.name: {row[0] for row in page.rows}}
        self._rows: dict[Plan, list[Row]] = {}
        self._pages: dict[str, dict[bytes, dict[str, Page]]] = {}
        self._follow(page.plan, page.rows, page.links or {}, page.lists or {})

    def primary_texts(self, query: Query, public_url: str) -> Iterable[bytes]:
        """Return the resource objects of the page itself."""
        return self._texts(self._page.plan, self._page.rows, query, public_url)

    def texts(self, query: Query, public_url: str) -> list[bytes]:
        """Return those of the others."""
        found: list[bytes] = []
        for plan, rows in self._rows.items():
            found += self._texts(plan, rows, query, public_url)
        return found

    def _texts(self, plan: Plan, rows: Collection[Row], query: Query, public_url: str) -> Iterable[bytes]:
        pages = self._pages.get(plan.resource.name)
        included = [pages.get(row[0], _NO_PAGES) for row in rows] if pages else ()
        return row_texts(plan, rows, query.shown_relations(plan.resource), public_url, included)

    def _meet(self, plan: Plan, rows: Collection[Row], links: Links, lists: Lists) -> None:
        known = self._known.setdefault(plan.resource.name, set())
        new = {row[0]: row for row in rows if row[0] not in known}
        known.update(new)
        self._rows.setdefault(plan, []).extend(new.values())
        self._follow(plan, rows, links, lists)

    def _follow(self, plan: Plan, rows: Collection[Row], links: Links, lists: Lists) -> None:
        for linked in links.values():
            self._meet(linked.plan, linked.rows.values(), linked.links, linked.lists)
        for (name, _), by_parent in lists.items():
            of_type = self._pages.setdefault(plan.resource.name, {})
            for row in rows:
                of_type.setdefault(row[0], {}).setdefault(name, by_parent[row[0]])
            for first in [*by_parent.values()][:1]:
                below = [row for page in by_parent.values() for row in page.rows]
                self._meet(first.plan, below, first.links or {}, first.lists or {})
