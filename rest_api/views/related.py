"""What a resource is related to: /api/wallets/1/transactions/ and /api/transactions/1/wallet/.

The relations are those that the read engine declares; a URL never names anything else of an object.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.caching import choose_stamps
from rest_api.encoder import Document, encode_null, encode_one
from rest_api.endpoints import ENDPOINTS, Endpoint
from rest_api.parameters import format_url
from rest_api.query import Query, parse_query
from rest_api.views.reads import DOCUMENT_PARAMETERS, LIST_PARAMETERS, PER_RESOURCE, ReadView, build_list
from walletsvc.reading.questions import Selection
from walletsvc.reading.records import Record
from walletsvc.services.inputs import not_found, parse_id

NOTHING = Selection(fields=frozenset())
"""No attribute: only whether it is there, and the keys behind its relations."""


class ManyView(ReadView):
    """A to-many relation, of which `relation` is the name."""

    relation = ""

    @property
    def target(self) -> Endpoint:
        """Return the endpoint of what is related."""
        return ENDPOINTS[self.endpoint.resource.to_many[self.relation].target]

    @property
    def filter_name(self) -> str:
        """Return the filter of the target that names the parent."""
        return self.endpoint.resource.to_many[self.relation].column.removesuffix("_id")

    def serve_related(
        self, path: str, number: int, query: Query, build: Callable[[Document, Record], bytes]
    ) -> HttpResponse:
        """Answer with a list of a parent that is there."""
        # A filter on the parent's own name would be given twice, which the engine refuses.
        by_parent = (self.filter_name, str(number))
        stamps = choose_stamps(self.target.resource, filters=(by_parent,), includes=bool(query.include))
        return self.serve_list(path, query, stamps, lambda document: build(document, self.find(str(number), NOTHING)))


class RelatedListView(ManyView):
    """List the related resources."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        target = self.target
        query = self.parse_list(target.resource, *LIST_PARAMETERS)
        number = parse_id(identifier, what=self.endpoint.name)
        path = self.endpoint.related_url(number, self.relation)
        by_parent = (self.filter_name, str(number))
        return self.serve_related(
            path, number, query, lambda document, _: build_list(self, target, path, query, document, by_parent)
        )


class RelatedItemView(ReadView):
    """Read the related resource."""

    relation = ""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        target = ENDPOINTS[self.endpoint.resource.to_one[self.relation].target]
        query = parse_query(target.resource, self.parameters(*DOCUMENT_PARAMETERS))
        number = parse_id(identifier, what=self.endpoint.name)
        url = format_url(self.endpoint.related_url(number, self.relation), query.parameters())

        def build() -> bytes:
            wanted = ((self.relation, query.selection(target.resource, per_parent=PER_RESOURCE)),)
            record = self.find(identifier, Selection(fields=frozenset(), to_one=wanted))
            related, key = record.one[self.relation], record.keys[self.relation]
            if key is None:
                return encode_null(Document(url))
            if related is None:
                # An entry outlives what it refers to.
                raise not_found(target.name, key)
            return encode_one(related, query, Document(url))

        return self.serve(url, choose_stamps(target.resource, includes=True), build)
