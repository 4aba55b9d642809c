"""GET: a document, kept as bytes until something it shows changes."""

from __future__ import annotations

from django.http import HttpResponse

from rest_api.endpoints import Endpoint
from rest_api.negotiation import CURSOR_PROFILE, NOTHING_AGREED, Negotiated
from rest_api.query import Query, parse_query
from rest_api.read import Reader
from rest_api.views.base import JsonApiView
from walletsvc.cache.responses import remember
from walletsvc.queries.questions import CursorPage
from walletsvc.schema.declarations import Resource
from walletsvc.web.replays import Read, attach

LIST_PARAMETERS = ("filter", "sort", "page", "include", "fields")
DOCUMENT_PARAMETERS = ("include", "fields")
CURSORS = Negotiated(profiles=frozenset({CURSOR_PROFILE}))


class ReadView(JsonApiView):
    """A URL that can be read. `endpoint` is the collection that it belongs to, `relation` one of its relations."""

    endpoint: Endpoint = None  # type: ignore[assignment]  # given to `as_view`
    relation = ""
    _applied = NOTHING_AGREED

    def applied(self) -> Negotiated:
        return self._applied

    def reader(self, query: Query | None = None) -> Reader:
        """Return the caller as the reader of what `query` asks of this URL."""
        return Reader(self.principal, self.endpoint, self.public_url, query or Query(), self._applied, self.relation)

    def parse_list(self, resource: Resource, *families: str) -> Query:
        """Return what the query asks of a list, by cursors where the client asked for the profile."""
        if CURSOR_PROFILE in self.negotiated.profiles:
            # Of a refusal as well.
            self._applied = CURSORS
        query, self._applied = self.negotiate_list(resource, *families)
        return query

    def negotiate_list(self, resource: Resource, *families: str) -> tuple[Query, Negotiated]:
        """Return what the query asks of a list, and what is applied to the answer."""
        wanted = CURSOR_PROFILE in self.negotiated.profiles
        query = parse_query(resource, self.parameters(*families), cursors=wanted)
        return query, CURSORS if wanted or isinstance(query.page, CursorPage) else NOTHING_AGREED

    def serve(self, read: Read, number: int | None = None) -> HttpResponse:
        """Answer with the representation that `read` has of the URL with this number."""
        reading = read(number)
        kept = remember(reading.key, stamps=reading.stamps, build=reading.build)
        response = self.serve_body(kept.body, kept.etag)
        if self.is_open:
            attach(response, read=read)
        return response
