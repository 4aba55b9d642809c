"""The playground: GraphiQL in the browser, served with all its files by this server.

`playground/build.sh` builds it with npm. Without that build, a page says so: one that loads scripts from elsewhere
would hand them its user's key.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from walletsvc.web.pages import serve_page
from walletsvc.web.public_urls import live_url
from walletsvc.web.security import page_policy

ASSETS = Path(__file__).parent / "static" / "graphql_api"


def playground(request: HttpRequest) -> HttpResponse:
    """Return the page."""
    if not (ASSETS / "playground.js").is_file():
        return serve_page(request, HttpResponse(render_to_string("graphql_api/unbuilt.html"), headers=page_policy()))
    url = live_url(request)
    shown = {"live_url": url, "needs_key": settings.AUTH_REQUIRED, "has_schema": settings.GRAPHQL_INTROSPECTION}
    page = render_to_string("graphql_api/playground.html", shown)
    return serve_page(request, HttpResponse(page, headers=page_policy(connect_to=url)))
