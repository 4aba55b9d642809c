"""Collections and their members: /api/wallets/ and /api/wallets/1/."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.caching import choose_stamps
from rest_api.documents import ResourceInput, read_resource
from rest_api.encoder import Document, encode_one, record_of
from rest_api.parameters import format_url
from rest_api.query import Query, parse_query
from rest_api.views.base import without_document
from rest_api.views.reads import DOCUMENT_PARAMETERS, LIST_PARAMETERS, PER_RESOURCE, build_list
from rest_api.views.writes import WriteView
from walletsvc.selectors.records import add_related
from walletsvc.services.inputs import parse_id


class ResourceView(WriteView):
    """A URL that answers with one resource, at least when it is written."""

    def read_input(self, *, expected_id: str | None = None) -> ResourceInput:
        """Return what the request document wants written."""
        written = read_resource(self.read_request(), self.endpoint, expected_id=expected_id)
        self.locate = written.locate
        return written

    def document_query(self) -> Query:
        """Return what the query asks of the one resource in the answer."""
        return parse_query(self.endpoint.resource, self.parameters(*DOCUMENT_PARAMETERS))

    def item_url(self, identifier: int, query: Query) -> str:
        """Return the canonical URL of one resource with a query."""
        return format_url(self.endpoint.item_url(identifier), query.parameters())

    def encode_stored(self, identifier: int, query: Query) -> bytes:
        """Return the document of a resource as it is in the database. Raises `NotFound`."""
        selection = query.selection(self.endpoint.resource, per_parent=PER_RESOURCE)
        record = self.find(str(identifier), selection)
        return encode_one(record, query, Document(self.item_url(identifier, query)))

    def encode_written(self, instance: Any, query: Query) -> bytes:
        """Return the same document from the instance that a service has just written."""
        selection = query.selection(self.endpoint.resource, per_parent=PER_RESOURCE)
        record = record_of(self.endpoint.resource, instance, selection)
        add_related([record], selection, principal=self.principal)
        return encode_one(record, query, Document(self.item_url(instance.pk, query)))


class CollectionView(ResourceView):
    """List a collection, or create a member."""

    def get(self, request: Request) -> HttpResponse:
        resource = self.endpoint.resource
        query = self.parse_list(resource, *LIST_PARAMETERS)
        stamps = choose_stamps(resource, filters=query.filters, includes=bool(query.include))
        path = self.endpoint.url
        return self.serve_list(
            path, query, stamps, lambda document: build_list(self, self.endpoint, path, query, document)
        )

    def post(self, request: Request) -> HttpResponse:
        query = self.document_query()
        written = self.read_input()
        instance = self.perform(self.endpoint.prepare_create(self.principal, written.values))
        location = {"Location": self.endpoint.item_url(instance.pk)}
        return self.respond(201, self.encode_written(instance, query), headers=location)


class ItemView(ResourceView):
    """Read, change or delete one resource."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        query = self.document_query()
        number = parse_id(identifier, what=self.endpoint.name)
        stamps = choose_stamps(self.endpoint.resource, identifier=number, includes=bool(query.include))
        return self.serve(self.item_url(number, query), stamps, lambda: self.encode_stored(number, query))

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        query = self.document_query()
        written = self.read_input(expected_id=identifier)
        number = parse_id(identifier, what=self.endpoint.name)
        step = self.endpoint.prepare_update(self.principal, number, written.values)
        instance = self.perform(step, read_current=lambda: self.encode_stored(number, query))
        return self.respond(200, self.encode_written(instance, query))

    def delete(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        number = parse_id(identifier, what=self.endpoint.name)
        step = self.endpoint.prepare_delete(self.principal, number)
        self.perform(step, read_current=lambda: self.encode_stored(number, Query()))
        return without_document(204)
