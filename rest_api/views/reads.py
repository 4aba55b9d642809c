"""GET: serve a document, cached as bytes until something it shows changes."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.endpoints import Endpoint
from rest_api.negotiation import CURSOR_PROFILE, NOTHING_AGREED, Negotiated
from rest_api.query import Query, parse_query
from rest_api.read import Reader
from rest_api.views.base import JsonApiView
from walletsvc.cache.responses import remember
from walletsvc.queries.questions import CursorPage
from walletsvc.schema.declarations import Resource
from walletsvc.web.replays import Read, offer

LIST_PARAMETERS = ("filter", "sort", "page", "include", "fields")
DOCUMENT_PARAMETERS = ("include", "fields")
CURSORS = Negotiated(profiles=frozenset({CURSOR_PROFILE}))


class ServingView(JsonApiView):
    """A URL with documents that are kept as bytes."""

    def serve(self, read: Read, number: int | None = None) -> HttpResponse:
        """Answer with the reading that `read` returns for the id `number` in this URL."""
        reading = read(number)
        kept = remember(reading.key, stamps=reading.stamps, build=reading.build)
        response = self.serve_body(kept.body, kept.etag)
        if self.is_open:
            offer(self.request._request, read=read)
        return response


class ReadView(ServingView):
    """A readable URL. `endpoint` is its collection, `relation` one of the collection's relations."""

    endpoint: Endpoint = None  # type: ignore[assignment]  # set by `as_view`
    relation = ""
    _applied = NOTHING_AGREED

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.endpoint = self.endpoint.known_to(self.principal)

    def applied(self) -> Negotiated:
        return self._applied

    def reader(self, query: Query | None = None) -> Reader:
        """Return a reader of this URL for the caller and `query`."""
        return Reader(self.principal, self.endpoint, self.public_url, query or Query(), self._applied, self.relation)

    def parse_list(self, resource: Resource, *families: str) -> Query:
        """Return the query of a list, paged by cursor if the client asked for the profile."""
        if CURSOR_PROFILE in self.negotiated.profiles:
            # Refusals have the profile applied as well.
            self._applied = CURSORS
        query, self._applied = self.negotiate_list(resource, *families)
        return query

    def negotiate_list(self, resource: Resource, *families: str) -> tuple[Query, Negotiated]:
        """Return the query of a list, and the extensions and profiles applied to the answer."""
        wanted = CURSOR_PROFILE in self.negotiated.profiles
        query = parse_query(resource, self.parameters(*families), principal=self.principal, cursors=wanted)
        return query, CURSORS if wanted or isinstance(query.page, CursorPage) else NOTHING_AGREED
