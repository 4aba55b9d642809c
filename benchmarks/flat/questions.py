"""Every list that the declarations offer, on both faces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from benchmarks.flat.values import MOST, NAMES, Chooser
from benchmarks.harness import dataset
from benchmarks.harness.client import Answer, Client
from benchmarks.harness.questions import CURSOR_PROFILE, MEDIA_TYPE, ask_graphql
from benchmarks.harness.servers import HarnessError
from benchmarks.harness.wrk import Template
from rest_api.endpoints import ENDPOINTS
from walletsvc.queries.filters import FILTER_SETS
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import RESOURCES
from walletsvc.schema.types import Counter

PAGE = 20
REST_FIRST, REST_CURSOR, REST_LAST = "REST, first page", "REST, by cursor", "REST, last page"
GRAPHQL_FIRST, GRAPHQL_CURSOR, GRAPHQL_LAST = "GraphQL, first", "GraphQL, first after", "GraphQL, last"
PAGES = (REST_FIRST, REST_CURSOR, REST_LAST, GRAPHQL_FIRST, GRAPHQL_CURSOR, GRAPHQL_LAST)
"""The first pages have their counts."""
Filters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list; `kinds` says of each filter how much passes it."""

    resource: str
    page: str
    filters: Filters = ()
    order: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what it asks, for a person."""
        pairs = zip(self.filters, self.kinds, strict=True)
        words = [f"{name}={value} ({kind})" for (name, value), kind in pairs]
        words += [f"sort={self.order}"] if self.order else []
        return f"{self.resource}: {self.page}: {' '.join(words) or 'all'}"


def listings(chooser: Chooser) -> Iterator[Listing]:
    """Yield every filter and order alone on every page, and all pairs of them, also of one wallet and one owner."""
    for resource in RESOURCES.values():
        orders = [sign + name for name in resource.orders for sign in ("", "-")]
        for page in PAGES:
            yield from (Listing(resource.name, page, order=order) for order in orders)
        groups: dict[str, tuple[str, str]] = {"": ("", "")}
        for name in ("wallet", "owner"):
            if name in FILTER_SETS[resource.name].base_filters:
                groups[name] = next(iter(chooser.choose(resource, name)))
        for filter_name in FILTER_SETS[resource.name].base_filters:
            for kind, value in chooser.choose(resource, filter_name):
                one = Listing(resource.name, "", ((filter_name, value),), kinds=(kind,))
                yield from (replace(one, page=page) for page in PAGES)
                for order in orders:
                    yield from (replace(one, page=page, order=order) for page in (REST_FIRST, REST_CURSOR))
                yield from _within(one, {name: of for name, of in groups.items() if name not in ("", filter_name)})


def _within(one: Listing, groups: dict[str, tuple[str, str]]) -> Iterator[Listing]:
    for name, (kind, value) in groups.items():
        both = replace(one, filters=((name, value), *one.filters), kinds=(kind, *one.kinds))
        yield from (replace(both, page=page) for page in (REST_FIRST, REST_CURSOR))


class Asker:
    """Asks a server with a database of one size."""

    def __init__(self, client: Client, size: dataset.Size) -> None:
        self._client = client
        self._size = size
        self._cursors: dict[tuple[str, str, bool], str] = {}

    def template(self, listing: Listing) -> Template | None:
        """Return the request; None if the list has no such page. May ask for a cursor or the number of pages."""
        cursor = None
        if listing.page in (REST_CURSOR, GRAPHQL_CURSOR):
            cursor = self._cursor(listing)
        if listing.page in (REST_FIRST, REST_CURSOR, REST_LAST):
            path = _path(listing, cursor)
            if listing.page == REST_LAST:
                links = document(self._client.ask(_get(_path(listing, None))))["links"]
                if links["last"] is None or links["last"] == links["first"]:
                    return None
                path = "/api/" + links["last"].split("/api/", 1)[1]
            return _get(path, by_cursor=listing.page == REST_CURSOR)
        return _graphql(listing, cursor)

    def _cursor(self, listing: Listing) -> str:
        """Return the cursor of the record in the middle of all."""
        has_wallet = any(name == "wallet" for name, _ in listing.filters)
        key = (listing.resource, listing.order, has_wallet)
        if key not in self._cursors:
            number = self._size.transactions // 2
            anchor = {"Wallet": "label", "Entry": "transaction"}.get(listing.resource, "txid")
            value = str(number) if anchor == "transaction" else NAMES[listing.resource].format(number)
            filters: Filters = ((anchor, value),)
            if has_wallet:
                filters = (("wallet", self._wallet_of(number, listing.resource)), *filters)
            page = replace(listing, page=REST_CURSOR, filters=filters, kinds=(MOST,) * len(filters))
            found = document(self._client.ask(_get(_path(page, None), by_cursor=True)))["data"]
            self._cursors[key] = found[0]["meta"]["page"]["cursor"]
        return self._cursors[key]

    def _wallet_of(self, number: int, resource: str) -> str:
        offset = number if resource == "Hold" else number - 1
        return str(offset % self._size.wallets + 1)


def _get(path: str, *, by_cursor: bool = False) -> Template:
    return Template(path, headers={"Accept": CURSOR_PROFILE if by_cursor else MEDIA_TYPE})


def _path(listing: Listing, cursor: str | None) -> str:
    parameters = [(f"filter[{name}]", value) for name, value in listing.filters]
    parameters += [("sort", listing.order)] if listing.order else []
    parameters += [("page[after]", cursor)] if cursor else []
    return f"{ENDPOINTS[listing.resource].url}?{urlencode([*parameters, ('page[size]', str(PAGE))])}"


def _graphql(listing: Listing, cursor: str | None) -> Template:
    resource = RESOURCES[listing.resource]
    name = ENDPOINTS[listing.resource].url.strip("/").split("/")[-1]
    declared = f"$filters: {resource.name}Filters, $ordering: [{resource.name}Order!], $after: String"
    size = f"last: {PAGE}" if listing.page == GRAPHQL_LAST else f"first: {PAGE}, after: $after"
    count = "totalCount" if listing.page == GRAPHQL_FIRST else ""
    text = f"query List({declared}) {{ {name}(filters: $filters, ordering: $ordering, {size}) {{ {count}"
    text += " edges { cursor node { id databaseId createdAt } } pageInfo { hasNextPage endCursor } } }"
    if listing.page == GRAPHQL_LAST:
        text = text.replace(", $after: String", "")
    variables: dict[str, Any] = {"filters": _filters(resource, listing.filters)}
    if listing.order:
        variables["ordering"] = [{listing.order.removeprefix("-"): "DESC" if listing.order[0] == "-" else "ASC"}]
    if cursor:
        variables["after"] = cursor
    return ask_graphql(text, variables)


def _filters(resource: Resource, filters: Filters) -> dict[str, Any]:
    known = [*FILTER_SETS[resource.name].base_filters]
    found: dict[str, Any] = {}
    for full_name, text in filters:
        name, _, lookup = full_name.partition(".")
        is_number = any(each.name == name and isinstance(each.type, Counter) for each in resource.fields)
        value: Any = int(text) if is_number else text
        alone = lookup == "" and not any(each.startswith(f"{name}.") for each in known)
        if alone:
            found[name] = value
        else:
            found.setdefault(name, {})[lookup or "exact"] = value
    return found


def document(answer: Answer) -> Any:
    """Return the document. Raises HarnessError for a refusal."""
    found = answer.json() if answer.body else {}
    if answer.status != 200 or found.get("errors"):
        raise HarnessError(f"answered {answer.status}: {json.dumps(found)[:300]}")
    return found
