"""GET: one read of the engine for each document, kept as bytes until something it shows changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.http import HttpResponse

from rest_api.caching import cache_key_parts
from rest_api.encoder import Document, encode_many
from rest_api.endpoints import Endpoint
from rest_api.negotiation import CURSOR_PROFILE, NOTHING_AGREED, Negotiated, content_type
from rest_api.paging import list_url, page_links, page_meta
from rest_api.query import Query, parse_query
from rest_api.views.base import JsonApiView
from walletsvc.cache import Kept, make_key, remember
from walletsvc.reading.questions import CursorPage, Selection
from walletsvc.reading.records import Record
from walletsvc.reading.resources import Resource
from walletsvc.selectors.records import get_record, list_records
from walletsvc.services.inputs import not_found, parse_id

LIST_PARAMETERS = ("filter", "sort", "page", "include", "fields")
DOCUMENT_PARAMETERS = ("include", "fields")
CURSORS = Negotiated(profiles=frozenset({CURSOR_PROFILE}))
PER_RESOURCE = 100
"""How many related resources the document of a single resource includes of each relationship."""


class ReadView(JsonApiView):
    """A URL that can be read. `endpoint` is the collection that it belongs to."""

    endpoint: Endpoint = None  # type: ignore[assignment]  # given to `as_view`
    _applied = NOTHING_AGREED

    def applied(self) -> Negotiated:
        return self._applied

    def parse_list(self, resource: Resource, *families: str) -> Query:
        """Return what the query asks of a list, by cursors where the client asked for the profile."""
        if CURSOR_PROFILE in self.negotiated.profiles:
            self._applied = CURSORS
        return parse_query(resource, self.parameters(*families), cursors=self._applied is CURSORS)

    def serve(
        self, url: str, stamps: Sequence[str], build: Callable[[], bytes], *, variant: str = ""
    ) -> HttpResponse:
        """Answer with the document at the canonical `url`, from the cache or from `build`."""
        key = make_key(*cache_key_parts(self.principal.reach, url, variant))
        response = self.serve_body(remember(key, stamps=stamps, build=build))
        response.kept = Kept(key, tuple(stamps), content_type(self.applied()))  # type: ignore[attr-defined]
        return response

    def serve_list(
        self, path: str, query: Query, stamps: Sequence[str], build: Callable[[Document], bytes]
    ) -> HttpResponse:
        """Answer with a page of a list; `build` is given the frame of the document."""
        variant = "numbers"
        if isinstance(query.page, CursorPage):
            variant = "cursors"
            self._applied = CURSORS
        url = list_url(path, query)
        return self.serve(url, stamps, lambda: build(Document(url, negotiated=self._applied)), variant=variant)

    def find(self, identifier: str, selection: Selection) -> Record:
        """Return the record of the endpoint. Raises `NotFound`."""
        return find_record(self, self.endpoint, identifier, selection)


def find_record(view: JsonApiView, endpoint: Endpoint, identifier: str, selection: Selection) -> Record:
    """Return the record within the caller's reach. Raises `NotFound`."""
    number = parse_id(identifier, what=endpoint.name)
    record = get_record(principal=view.principal, resource=endpoint.name, selection=selection, id=number)
    if record is None:
        raise not_found(endpoint.name, identifier)
    return record


def build_list(
    view: JsonApiView, endpoint: Endpoint, path: str, query: Query, document: Document, *filters: tuple[str, str]
) -> bytes:
    """Return the document of the page that `query` asks for, of what passes `filters` besides its own."""
    page = list_records(principal=view.principal, question=query.question(endpoint.resource, *filters))
    framed = Document(
        document.url,
        links=page_links(path, query, page),
        meta=page_meta(query, page),
        negotiated=document.negotiated,
    )
    return encode_many(page.records, query, framed, with_cursors=isinstance(query.page, CursorPage))
