"""Relationships: /api/transactions/1/relationships/wallet/.

Source: https://jsonapi.org/format/#fetching-relationships and #crud-updating-relationships.
"""

from __future__ import annotations

from functools import partial

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.linkages import check_to_many, read_to_one
from rest_api.views.base import no_content
from rest_api.views.writes import WriteView
from walletsvc.commands.inputs import parse_id
from walletsvc.errors import Forbidden


class ManyRelationshipView(WriteView):
    """List the identifiers of the related resources. Their own writes change them, not this relationship."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        query = self.parse_list(self.reader().target.resource, "page")
        number = parse_id(identifier, what=self.endpoint.name)
        return self.serve(self.reader(query).relationship_list, number)

    def post(self, request: Request, identifier: str) -> HttpResponse:
        return self._refuse_write(identifier)

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        return self._refuse_write(identifier)

    def delete(self, request: Request, identifier: str) -> HttpResponse:
        return self._refuse_write(identifier)

    def _refuse_write(self, identifier: str) -> HttpResponse:
        """Raise `Forbidden` for an otherwise valid request: a transaction cannot exist without a wallet."""
        self.parameters()
        reader = self.reader()
        check_to_many(self.read_request(), reader.target.name)
        reader.find(identifier)
        self.locate = _locate
        if reader.target.create is None:
            detail = f"The {self.relation} of a {self.endpoint.name} record its changes, and never change themselves."
        else:
            detail = f"What {self.endpoint.name} has of {self.relation} is changed by changing those themselves."
        raise Forbidden(detail, field=self.relation)


class OneRelationshipView(WriteView):
    """Read the identifier of the related resource, or replace it."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        number = parse_id(identifier, what=self.endpoint.name)
        return self.serve(self.reader().relationship_item, number)

    def patch(self, request: Request, identifier: str) -> HttpResponse:
        self.parameters()
        reader = self.reader()
        value = read_to_one(self.read_request(), reader.target.name)
        number = parse_id(identifier, what=self.endpoint.name)
        self.locate = _locate
        if self.relation not in self.endpoint.changeable_relations:
            reader.find(identifier)
            raise Forbidden(f"The {self.relation} of {self.endpoint.name} never changes.", field=self.relation)
        command = self.endpoint.parse_update(number, {self.relation: value})
        self.execute(command, read_current=partial(reader.encode_relationship_item, number))
        return no_content()


def _locate(_field: str) -> str:
    """Return the pointer to the only value that a request to a relationship can hold."""
    return "/data"
