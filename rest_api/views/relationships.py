"""Relationships themselves: /api/transactions/1/relationships/wallet/.

Source: https://jsonapi.org/format/#fetching-relationships and #crud-updating-relationships.
"""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.caching import choose_stamps
from rest_api.encoder import Document, encode_identifiers, encode_to_one
from rest_api.endpoints import ENDPOINTS
from rest_api.linkages import check_to_many, read_to_one
from rest_api.paging import page_links, page_meta
from rest_api.query import Query
from rest_api.resource_objects import relationship_links
from rest_api.views.base import without_document
from rest_api.views.related import NOTHING, ManyView
from rest_api.views.writes import WriteView
from walletsvc.errors import Forbidden
from walletsvc.reading.questions import CursorPage
from walletsvc.reading.records import Record
from walletsvc.selectors.records import list_records
from walletsvc.services.inputs import parse_id


class ManyRelationshipView(ManyView, WriteView):
    """List the identifiers of the related resources. They come and go by themselves, not by their relationship."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        query = self.parse_list(self.target.resource, "page")
        number = parse_id(identifier, what=self.endpoint.name)
        path = self.endpoint.relationship_url(number, self.relation)
        return self.serve_related(
            path, number, query, lambda document, parent: self._build(path, query, document, parent)
        )

    def _build(self, path: str, query: Query, document: Document, parent: Record) -> bytes:
        question = query.question(self.target.resource, (self.filter_name, str(parent.id)))
        page = list_records(principal=self.principal, question=replace(question, selection=NOTHING))
        links = {"related": relationship_links(parent, self.relation)["related"], **page_links(path, query, page)}
        framed = replace(document, links=links, meta=page_meta(query, page))
        return encode_identifiers(page.records, framed, with_cursors=isinstance(query.page, CursorPage))

    def post(self, request: Request, identifier: str) -> HttpResponse:
        return self._refuse_write(identifier)

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        return self._refuse_write(identifier)

    def delete(self, request: Request, identifier: str) -> HttpResponse:
        return self._refuse_write(identifier)

    def _refuse_write(self, identifier: str) -> HttpResponse:
        """Raise `Forbidden` for what is otherwise a proper request: a transaction without a wallet cannot be."""
        self.parameters()
        check_to_many(self.read_request(), self.target.name)
        self.find(identifier, NOTHING)
        self.locate = _locate
        detail = f"What {self.endpoint.name} has of {self.relation} is changed by changing those themselves."
        raise Forbidden(detail, field=self.relation)


class OneRelationshipView(WriteView):
    """Read the identifier of the related resource, or let the relationship lead to another one."""

    relation = ""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        number = parse_id(identifier, what=self.endpoint.name)
        url = self.endpoint.relationship_url(number, self.relation)
        stamps = choose_stamps(self.endpoint.resource, includes=True)
        return self.serve(url, stamps, lambda: self._build(number))

    def _build(self, number: int) -> bytes:
        record = self.find(str(number), NOTHING)
        links = {"related": relationship_links(record, self.relation)["related"]}
        url = self.endpoint.relationship_url(number, self.relation)
        return encode_to_one(record, self.relation, Document(url, links=links))

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        target = ENDPOINTS[self.endpoint.resource.to_one[self.relation].target]
        value = read_to_one(self.read_request(), target.name)
        number = parse_id(identifier, what=self.endpoint.name)
        self.locate = _locate
        if self.relation not in self.endpoint.writable_relations:
            self.find(identifier, NOTHING)
            raise Forbidden(f"The {self.relation} of {self.endpoint.name} never changes.", field=self.relation)
        step = self.endpoint.prepare_update(self.principal, number, {self.relation: value})
        self.perform(step, read_current=lambda: self._build(number))
        return without_document(204)


def _locate(_field: str) -> str:
    """Return where the one thing is that a request to a relationship can name."""
    return "/data"
