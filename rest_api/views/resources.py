"""Collections and their members: /api/wallets/ and /api/wallets/1/."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api import negotiation
from rest_api.caching import choose_stamps
from rest_api.documents import ResourceInput, read_resource
from rest_api.encoder import Document, encode_one, record_of
from rest_api.parameters import format_url
from rest_api.parser import read_document
from rest_api.query import Query, parse_query
from rest_api.views.reads import (
    DOCUMENT_PARAMETERS,
    LIST_PARAMETERS,
    PER_RESOURCE,
    ReadView,
    build_list,
    find_record,
)
from walletsvc.services.inputs import parse_id


def no_content() -> HttpResponse:
    """Return the answer that has no document, nor the type of one."""
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


class WriteView(ReadView):
    """A URL that resources are written by."""

    def read_input(self, *, expected_id: str | None = None) -> ResourceInput:
        """Return what the request document wants written."""
        header = self.request.META.get("CONTENT_TYPE", "")
        negotiation.check_content_type(header, extensions=self.extensions)
        written = read_resource(read_document(self.request._request), self.endpoint, expected_id=expected_id)
        self.locate = written.locate
        return written

    def document_query(self) -> Query:
        """Return what the query asks of the one resource in the answer."""
        return parse_query(self.endpoint.resource, self.parameters(*DOCUMENT_PARAMETERS))

    def encode_written(self, instance: Any, query: Query) -> bytes:
        """Return what a GET of the instance, which a service has just written, says."""
        selection = query.selection(self.endpoint.resource, per_parent=PER_RESOURCE)
        if query.include:
            record = find_record(self, self.endpoint, str(instance.pk), selection)
        else:
            record = record_of(self.endpoint.resource, instance, selection)
        return encode_one(record, query, Document(self.item_url(instance.pk, query)))

    def item_url(self, identifier: int, query: Query) -> str:
        """Return the canonical URL of one resource with a query."""
        return format_url(self.endpoint.item_url(identifier), query.parameters())


class CollectionView(WriteView):
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
        if self.endpoint.create is None:
            raise TypeError(f"{self.endpoint.name} is not created by a request.")
        instance = self.endpoint.create(self.principal, written.values)
        location = {"Location": self.endpoint.item_url(instance.pk)}
        return self.respond(201, self.encode_written(instance, query), headers=location)


class ItemView(WriteView):
    """Read, change or delete one resource."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        query = self.document_query()
        resource = self.endpoint.resource
        number = parse_id(identifier, what=resource.name)
        url = self.item_url(number, query)
        selection = query.selection(resource, per_parent=PER_RESOURCE)
        return self.serve(
            url,
            choose_stamps(resource, identifier=number, includes=bool(query.include)),
            lambda: encode_one(self.find(identifier, selection), query, Document(url)),
        )

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        query = self.document_query()
        written = self.read_input(expected_id=identifier)
        if self.endpoint.update is None:
            raise TypeError(f"{self.endpoint.name} is not changed by a request.")
        instance = self.endpoint.update(self.principal, identifier, written.values)
        return self.respond(200, self.encode_written(instance, query))

    def delete(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        if self.endpoint.delete is None:
            raise TypeError(f"{self.endpoint.name} is not deleted by a request.")
        self.endpoint.delete(self.principal, identifier)
        return no_content()
