"""The description of the API for programs (`/api/schema/`) and for people (`/api/docs/`), all from this server."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from rest_api.encoder import encode_problems
from rest_api.errors import Refused, common_status
from rest_api.negotiation import MEDIA_TYPE as JSON_API
from rest_api.negotiation import NOTHING_AGREED
from rest_api.openapi.document import MEDIA_TYPE, encoded
from rest_api.parameters import parse_parameters
from walletsvc.web.methods import read_only
from walletsvc.web.pages import serve_page
from walletsvc.web.security import page_policy


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
    """Return the page that shows the OpenAPI document and can send requests."""
    page = render_to_string("rest_api/docs.html", {"needs_key": settings.AUTH_REQUIRED})
    return serve_page(request, HttpResponse(page, headers=page_policy()))
