"""The related resources of a resource: /api/wallets/1/transactions/ and /api/transactions/1/wallet/.

Only the relations that the read engine declares have a URL; no URL can name another attribute of an object.
"""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.query import parse_query
from rest_api.views.reads import DOCUMENT_PARAMETERS, LIST_PARAMETERS, ReadView
from walletsvc.commands.inputs import parse_id


class RelatedListView(ReadView):
    """List the related resources."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        query = self.parse_list(self.reader().target.resource, *LIST_PARAMETERS)
        number = parse_id(identifier, what=self.endpoint.name)
        return self.serve(self.reader(query).related_list, number)


class RelatedItemView(ReadView):
    """Read the related resource."""

    def get(self, request: Request, identifier: str) -> HttpResponse:
        parameters = self.parameters(*DOCUMENT_PARAMETERS)
        query = parse_query(self.reader().target.resource, parameters, principal=self.principal)
        number = parse_id(identifier, what=self.endpoint.name)
        return self.serve(self.reader(query).related_item, number)
