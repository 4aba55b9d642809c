"""The Atomic Operations extension (https://jsonapi.org/ext/atomic/): many writes in one request, all or nothing."""

from __future__ import annotations

import orjson
from django.http import HttpResponse
from rest_framework.request import Request

from rest_api import negotiation
from rest_api.encoder import jsonapi_object
from rest_api.errors import Problem, Refused
from rest_api.negotiation import MEDIA_TYPE, NOTHING_AGREED, Negotiated
from rest_api.operations.batches import perform_operations, show_results
from rest_api.operations.documents import RESULTS, read_operations
from rest_api.operations.targets import RequestUrl
from rest_api.parser import read_document
from rest_api.views.base import JsonApiView, no_content
from walletsvc.web.idempotency import IDEMPOTENCY_KEY, read_key, replayed
from walletsvc.web.limits import cover
from walletsvc.web.preconditions import check_write, nothing_there
from walletsvc.web.public_urls import server_urls

ATOMIC = "https://jsonapi.org/ext/atomic"
"""The URI of the extension."""


class OperationsView(JsonApiView):
    """Run the operations of a document."""

    extensions = frozenset({ATOMIC})
    http_method_names = ["post", "options"]
    _applied = NOTHING_AGREED

    def applied(self) -> Negotiated:
        return self._applied

    def post(self, request: Request) -> HttpResponse:
        self.parameters()
        self._check_content_type()
        key = read_key(request.headers.get(IDEMPOTENCY_KEY))
        self._applied = Negotiated(extensions=self.extensions)
        request_url = RequestUrl(server_urls(request._request), request.path)
        operations = read_operations(
            read_document(request._request), principal=self.principal, request_url=request_url
        )
        cover(request.META, len(operations))
        # This URL cannot be read.
        check_write(request.headers, nothing_there)
        done = perform_operations(operations, principal=self.principal, key=key)
        results = show_results(operations, done.results, principal=self.principal, public_url=self.public_url)
        if any(results):
            document = {"jsonapi": jsonapi_object(self._applied), RESULTS: results}
            return self.respond(200, orjson.dumps(document), headers=dict(replayed(done)))
        response = no_content()
        for name, value in replayed(done):
            response[name] = value
        return response

    def _check_content_type(self) -> None:
        """Raise `Refused` (415) unless the request document uses the extension."""
        header = self.request.META.get("CONTENT_TYPE", "")
        if ATOMIC not in negotiation.check_content_type(header, extensions=self.extensions):
            detail = f'The media type of a document with operations is {MEDIA_TYPE}; ext="{ATOMIC}".'
            raise Refused(Problem(415, "unsupported_media_type", detail, header="Content-Type"))
