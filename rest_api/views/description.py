"""The description of the API for programs (`/api/schema/`) and for people (`/api/docs/`), all from this server."""

from __future__ import annotations

from pathlib import Path

import drf_spectacular_sidecar
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from rest_api.encoder import encode_problems
from rest_api.errors import Refused, common_status
from rest_api.negotiation import MEDIA_TYPE as JSON_API
from rest_api.negotiation import NOTHING_AGREED
from rest_api.openapi.document import MEDIA_TYPE, encoded
from rest_api.parameters import parse_parameters
from walletsvc.web.methods import read_only
from walletsvc.web.pages import serve_file, serve_page

_SWAGGER = Path(drf_spectacular_sidecar.__file__).parent / "static" / "drf_spectacular_sidecar" / "swagger-ui-dist"
_OWN = Path(__file__).parent.parent / "static" / "rest_api"
_ASSETS = {
    "swagger-ui.css": _SWAGGER,
    "swagger-ui-bundle.js": _SWAGGER,
    "favicon-32x32.png": _SWAGGER,
    "docs.js": _OWN,
}
"""Which files the page loads, and where they are."""

_POLICY = "; ".join(
    [
        "default-src 'self'",
        # Swagger UI sets styles and has its icons in the page.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
    ]
)


@read_only
def schema(request: HttpRequest) -> HttpResponse:
    """Return the OpenAPI document."""
    try:
        parse_parameters(request.META.get("QUERY_STRING", ""), allowed=())
    except Refused as refused:
        body = encode_problems(refused.problems, NOTHING_AGREED)
        return HttpResponse(body, status=common_status(refused.problems), content_type=JSON_API)
    return serve_page(request, HttpResponse(encoded(), content_type=MEDIA_TYPE))


@read_only
def docs(request: HttpRequest) -> HttpResponse:
    """Return the page that shows the OpenAPI document, and sends requests."""
    page = render_to_string("rest_api/docs.html")
    return serve_page(request, HttpResponse(page, headers={"Content-Security-Policy": _POLICY}))


@read_only
def asset(request: HttpRequest, name: str) -> HttpResponseBase:
    """Return one of the files that the page loads; with DEBUG off too, and without a server for static files."""
    return serve_file(request, _ASSETS[name] / name if name in _ASSETS else None)
