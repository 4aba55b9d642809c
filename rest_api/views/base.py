"""What all URLs of the API share: negotiation, refusals in JSON:API, and the Allow header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from rest_api import negotiation
from rest_api.encoder import Document, encode_problems
from rest_api.errors import Locate, Refused, common_status, explain
from rest_api.negotiation import MEDIA_TYPE, NOTHING_AGREED, Negotiated, content_type
from rest_api.parameters import parse_parameters
from walletsvc.principals import Principal
from walletsvc.web.callers import principal_of
from walletsvc.web.preconditions import revalidate
from walletsvc.web.public_urls import public_url


class JsonApiView(APIView):
    """A URL of the API. Access control uses the framework's hooks: authenticators, permissions, throttles."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    throttle_classes: Any = ()
    parser_classes: Any = ()
    renderer_classes: Any = ()

    extensions: ClassVar[frozenset[str]] = frozenset()
    """The JSON:API extensions that requests to this URL may use."""

    other_types: ClassVar[tuple[str, ...]] = ()
    """The media types of answers to a GET of this URL, besides JSON:API. Refusals are JSON:API."""

    principal: Principal
    """The caller."""
    chosen_type = MEDIA_TYPE
    negotiated: Negotiated = NOTHING_AGREED
    locate: Locate | None = None
    """Finds the pointer to an input in the request document; set once the document has been read."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Accept or refuse the request before its method is considered."""
        accept = request.headers.get("Accept")
        if self.other_types and request.method in ("GET", "HEAD"):
            self.chosen_type = negotiation.choose_type(accept, self.other_types)
        if self.chosen_type == MEDIA_TYPE:
            self.negotiated = negotiation.choose(accept, extensions=self.extensions)
        self.principal = principal_of(request.headers)
        self.perform_authentication(request)
        self.check_permissions(request)
        self.check_throttles(request)

    @property
    def public_url(self) -> str:
        """Return the URL by which the caller reaches the server: the beginning of all links."""
        return public_url(self.request._request)

    @property
    def is_open(self) -> bool:
        """Tell whether no authenticator, permission or throttle applies, so that all callers are alike."""
        return not (self.authentication_classes or self.permission_classes or self.throttle_classes)

    @property
    def default_response_headers(self) -> dict[str, str]:
        """Return the headers of every response."""
        return {"Allow": ", ".join(self.allowed_methods)}

    def parameters(self, *allowed: str) -> Mapping[str, str]:
        """Return the query parameters. Raises `Refused` for any whose family is not in `allowed`."""
        return parse_parameters(self.request.META.get("QUERY_STRING", ""), allowed=allowed)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer with the methods of the URL."""
        self.parameters()
        document = Document(self.public_url, self.public_url + request.path, meta={"methods": self.allowed_methods})
        return self.respond(200, document.encode({}))

    def respond(self, status: int, body: bytes, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """Return a response with a document."""
        response = HttpResponse(body, status=status, headers=headers, content_type=content_type(self.applied()))
        response["Content-Length"] = str(len(body))
        if self.request.method == "HEAD":
            response.content = b""
        return response

    def serve_body(self, body: bytes, etag: str) -> HttpResponse:
        """Answer a GET with a document, or with 304 if the client already has it.

        Raises `PreconditionFailed`.
        """
        return revalidate(self.request.headers, self.respond(200, body), etag)

    def applied(self) -> Negotiated:
        """Return the extensions and profiles applied to the response."""
        return NOTHING_AGREED

    def handle_exception(self, exc: Exception) -> Any:
        """Answer any exception with a JSON:API document."""
        return self.refuse(explain(exc, locate=self.locate))

    def refuse(self, refused: Refused) -> HttpResponse:
        """Return the response to a refused request."""
        body = encode_problems(refused.problems, self.applied())
        return self.respond(common_status(refused.problems), body, headers=refused.headers)


def no_content() -> HttpResponse:
    """Return a response without a document and its Content-Type."""
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


def allow(methods: Iterable[str]) -> list[str]:
    """Return the value of `http_method_names`: these methods, and OPTIONS."""
    return [*(method.lower() for method in methods), "options"]
