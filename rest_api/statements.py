"""GET: the statement of a wallet as a JSON:API document, with a page of its entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from rest_api.caching import cache_key_parts
from rest_api.encoder import Document
from rest_api.endpoints import ENDPOINTS
from rest_api.errors import bad_parameter
from rest_api.negotiation import NOTHING_AGREED, content_type
from rest_api.parameters import format_parameters, format_url
from rest_api.query import Query, page_parameters, parse_query
from rest_api.read import Reader
from rest_api.resource_objects import Pages, identifier_object, resource_texts
from walletsvc import money
from walletsvc.cache.responses import make_key, wallet_stamp
from walletsvc.errors import InvalidParameter
from walletsvc.principals import Principal
from walletsvc.queries.questions import (
    CursorPage,
    Period,
    Question,
    Selection,
    StatementQuestion,
    read_bound,
)
from walletsvc.queries.records import Page, Record
from walletsvc.queries.statements import FIGURES, Statement
from walletsvc.schema.kinds import print_time
from walletsvc.schema.resources import ENTRY, WALLET
from walletsvc.web.replays import Reading

STATEMENT_PARAMETERS = ("from", "to", "page")


def parse_statement(parameters: Mapping[str, str], *, principal: Principal) -> tuple[Period, CursorPage]:
    """Return the period that the parameters `from` and `to` name, and the page of its lines.

    Raises `InvalidParameter` and `Refused`.
    """
    bounds = []
    for name in ("from", "to"):
        if name not in parameters:
            raise InvalidParameter("A statement takes a period: from and to.", parameter=name)
        bounds.append(read_bound(parameters[name], parameter=name))
    period = Period(*bounds)
    page = parse_query(ENTRY, parameters, principal=principal, cursors=True).page
    if isinstance(page, CursorPage) and page.before is None:
        return period, page
    refused = "page[before]" if isinstance(page, CursorPage) else "page[number]"
    raise bad_parameter(refused, "The lines of a statement are paged forward, by page[after].")


@dataclass(frozen=True)
class StatementReader:
    """Reads the statement of any wallet that a caller can see."""

    reader: Reader
    period: Period
    page: CursorPage

    def find(self, number: int | None, *lines: Question) -> tuple[Record, Statement]:
        """Return a wallet that the caller can see, and its statement. Raises `NotFound` and `InvalidParameter`."""
        question = StatementQuestion(self.period, lines=lines)
        selection = Selection(frozenset({"sequence", "label"}), statements=(question,))
        wallet = self.reader.find(number, selection)
        return wallet, wallet.history[self.period]

    def read(self, number: int | None) -> Reading:
        """Read the statement of the wallet with this id."""
        url = self._url(number, self.page)
        key = make_key(*cache_key_parts(self.reader.principal.reach, url, ""))
        stamps = (wallet_stamp(number or 0),)
        return Reading(key, stamps, content_type(NOTHING_AGREED), partial(self._encode, number, url))

    def _bounds(self) -> tuple[str, str]:
        return print_time(self.period.start), print_time(self.period.end)

    def _url(self, number: int | None, page: CursorPage) -> str:
        path = self.reader.public_url + self.reader.endpoint.related_url(number or 0, "statement")
        bounds = zip(("from", "to"), self._bounds(), strict=True)
        return format_url(path, format_parameters([*bounds, *page_parameters(page)]))

    def _encode(self, number: int | None, url: str) -> bytes:
        """Return the document. Raises `NotFound` and `InvalidParameter`."""
        wallet, statement = self.find(number, Question(ENTRY.name, page=self.page))
        page = statement.lines[""]
        start, end = self._bounds()
        data = {
            "type": "Statement",
            "id": f"{wallet.id}@{start}/{end}",
            "attributes": describe(statement),
            "relationships": {
                "wallet": {
                    "links": {"related": self.reader.public_url + self.reader.endpoint.item_url(wallet.id)},
                    "data": identifier_object(WALLET.name, wallet.id),
                },
                "entries": self._relationship(wallet.id, page),
            },
            "links": {"self": self._url(wallet.id, CursorPage())},
        }
        texts = resource_texts(page.records, Query(), Pages([]), self.reader.public_url)
        included = orjson.Fragment(b"[%b]" % b",".join(texts))
        return Document(self.reader.public_url, url).encode({"data": data, "included": included})

    def _relationship(self, wallet_id: int, page: Page) -> dict[str, Any]:
        start, end = self._bounds()
        filters = (("filter[createdAt.gte]", start), ("filter[createdAt.lt]", end), ("sort", "sequence"))
        all_lines = self.reader.public_url + ENDPOINTS[WALLET.name].related_url(wallet_id, "entries")
        following = None
        if page.has_next:
            last = page.records[-1].cursor if page.rows else self.page.after
            following = self._url(wallet_id, CursorPage(size=self.page.size, after=last))
        return {
            "links": {"related": format_url(all_lines, format_parameters(filters)), "next": following},
            "data": [identifier_object(ENTRY.name, record.id) for record in page.records],
        }


def describe(statement: Statement) -> dict[str, object]:
    """Return the attributes of a statement."""
    return {
        "from": print_time(statement.period.start),
        "to": print_time(statement.period.end),
        **{name: money.format_amount(read(statement), statement.currency) for name, read in FIGURES.items()},
        "count": statement.count,
        "currency": statement.currency,
    }
