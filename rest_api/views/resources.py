"""Collections and their members: /api/wallets/ and /api/wallets/1/."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.create import Creation, encode_written
from rest_api.documents import ResourceInput, read_resource
from rest_api.empty_relations import EmptyRelations
from rest_api.query import Query, parse_query
from rest_api.views.base import no_content
from rest_api.views.reads import DOCUMENT_PARAMETERS, LIST_PARAMETERS
from rest_api.views.writes import WriteView
from walletsvc.commands.command import Conditional
from walletsvc.commands.inputs import parse_id
from walletsvc.web.idempotency import IDEMPOTENCY_KEY, read_key
from walletsvc.web.replays import offer


class ResourceView(WriteView):
    """A URL that answers with one resource, at least to a write."""

    def read_input(self, *, expected_id: str | None = None) -> ResourceInput:
        """Return the values in the request document."""
        written = read_resource(self.read_request(), self.endpoint, expected_id=expected_id)
        self.locate = written.locate
        return written

    def document_query(self) -> Query:
        """Return the query for the one resource in the answer."""
        parameters = self.parameters(*DOCUMENT_PARAMETERS)
        return parse_query(self.endpoint.resource, parameters, principal=self.principal)


class CollectionView(ResourceView):
    """List a collection, or create a member."""

    def get(self, request: Request) -> HttpResponse:
        query = self.parse_list(self.endpoint.resource, *LIST_PARAMETERS)
        return self.serve(self.reader(query).collection)

    def post(self, request: Request) -> HttpResponse:
        creation = Creation(self.reader(self.document_query()))
        key = read_key(request.headers.get(IDEMPOTENCY_KEY))
        guard = partial(self.guard, read_current=self._read)
        written = creation.store(self.read_input(), key=key, guard=guard)
        response = self.respond(written.status, written.body, headers=dict(written.headers))
        if self.is_open:
            offer(request._request, write=creation)
        return response

    def _read(self) -> bytes:
        """Return the document that a GET of this URL would return now."""
        query, negotiated = self.negotiate_list(self.endpoint.resource, *LIST_PARAMETERS)
        return replace(self.reader(query), negotiated=negotiated).collection().build()


class ItemView(ResourceView):
    """Read, change or delete one resource."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        query = self.document_query()
        number = parse_id(identifier, what=self.endpoint.name)
        return self.serve(self.reader(query).item, number)

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        reader = self.reader(self.document_query())
        written = self.read_input(expected_id=identifier)
        number = parse_id(identifier, what=self.endpoint.name)
        command = self.endpoint.parse_update(number, written.values)
        if written.without:
            condition = EmptyRelations(self.endpoint, number, written.without, self.principal)
            command = Conditional(command, condition)
        reader.check_included()
        instance = self.execute(command, read_current=partial(reader.encode_item, number))
        return self.respond(200, encode_written(reader, instance))

    def delete(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        number = parse_id(identifier, what=self.endpoint.name)
        self.execute(self.endpoint.parse_delete(number), read_current=partial(self._read_item, number))
        return no_content()

    def _read_item(self, number: int) -> bytes:
        """Return the document that a GET of this URL would return now."""
        return self.reader().encode_item(number)
