"""Commands on one resource: POST /api/transactions/1/reversals/."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.create import Creation
from rest_api.documents import read_resource
from rest_api.endpoints import Action
from rest_api.query import parse_query
from rest_api.views.reads import DOCUMENT_PARAMETERS, LIST_PARAMETERS
from rest_api.views.related import RelatedListView
from rest_api.views.writes import WriteView
from walletsvc.commands.command import Command
from walletsvc.commands.inputs import parse_id
from walletsvc.web.idempotency import IDEMPOTENCY_KEY, read_key
from walletsvc.web.preconditions import check_write, nothing_there
from walletsvc.web.replays import offer


class ActionView(RelatedListView, WriteView):
    """Run an action on the resource. With a `relation`, a GET lists what such actions have created."""

    action: Action = None  # type: ignore[assignment]  # set by `as_view`

    def post(self, request: Request, identifier: str) -> HttpResponse:
        endpoint = self.action.endpoint.known_to(self.principal)
        query = parse_query(endpoint.resource, self.parameters(*DOCUMENT_PARAMETERS), principal=self.principal)
        reader = replace(self.reader(query), endpoint=endpoint)
        key = read_key(request.headers.get(IDEMPOTENCY_KEY))
        given = read_resource(self.read_request(), endpoint)
        self.locate = given.locate
        creation = Creation(reader, self.action)
        number = parse_id(identifier, what=self.endpoint.name)
        written = creation.store(given, number, key=key, guard=partial(self._guard, number))
        response = self.respond(written.status, written.body, headers=dict(written.headers))
        if self.is_open:
            offer(request._request, write=creation)
        return response

    def _guard(self, number: int, command: Command[Any]) -> Command[Any]:
        if self.relation:
            return self.guard(command, partial(self._read, number))
        check_write(self.request.headers, nothing_there)
        return command

    def _read(self, number: int) -> bytes:
        """Return the document that a GET of this URL would return now."""
        query, negotiated = self.negotiate_list(self.reader().target.resource, *LIST_PARAMETERS)
        return replace(self.reader(query), negotiated=negotiated).related_list(number).build()
