"""The root of the API, and all unknown URLs."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from rest_api.encoder import Document
from rest_api.endpoints import BASE, ENDPOINTS
from rest_api.errors import Refused, refuse
from rest_api.views.base import JsonApiView
from walletsvc.errors import NotFound
from walletsvc.etags import make_etag


class RootView(JsonApiView):
    """List the collections."""

    http_method_names = ["get", "head", "options"]

    def get(self, request: Request) -> HttpResponse:
        self.parameters()
        collections = {endpoint.name: self.public_url + endpoint.url for endpoint in ENDPOINTS.values()}
        meta = {"service": "walletsvc", "collections": collections}
        body = Document(self.public_url, self.public_url + BASE, meta=meta).encode({})
        return self.serve_body(body, make_etag(body))


def nothing_at(path: str) -> Refused:
    """Return the refusal of a URL that there is not."""
    return refuse(404, NotFound.code, f"There is nothing at {path[:256]}.")


class UnknownView(JsonApiView):
    """Refuse every request."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise nothing_at(request.path)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Return no Allow header: no method is allowed here."""
        return {}
