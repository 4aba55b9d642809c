"""The playground: GraphiQL in the browser, with all that it needs from this server.

`playground/build.sh` builds it where npm is present. Where it was not built, strawberry's page stands in, which loads
GraphiQL from the internet.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from strawberry.http.ides import get_graphql_ide_html

from walletsvc.web.methods import read_only
from walletsvc.web.pages import serve_file, serve_page
from walletsvc.web.public_urls import public_url

ASSETS = Path(__file__).parent / "static" / "graphql_api"

_POLICY = "; ".join(
    [
        "default-src 'self'",
        # The editor makes style elements, and images and fonts of its own.
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "frame-ancestors 'none'",
    ]
)


def playground(request: HttpRequest) -> HttpResponse:
    """Return the page."""
    if not (ASSETS / "playground.js").is_file():
        return serve_page(request, HttpResponse(get_graphql_ide_html("graphiql")))
    # The page's own address with a slash, which the caller may have left out.
    url = live_url(request)
    page = render_to_string("graphql_api/playground.html", {"base": request.path.rstrip("/"), "live_url": url})
    policy = f"{_POLICY}; connect-src 'self' {url}".rstrip()
    return serve_page(request, HttpResponse(page, headers={"Content-Security-Policy": policy}))


def live_url(request: HttpRequest) -> str:
    """Return where the page finds the live server: LIVE_URL, or else LIVE_PORT of its own host; empty without one.

    Raises `DisallowedHost`.
    """
    if settings.LIVE_URL or not settings.LIVE_PORT:
        return str(settings.LIVE_URL)
    own = urlsplit(public_url(request))
    host = f"[{own.hostname}]" if ":" in (own.hostname or "") else own.hostname
    return f"{own.scheme.replace('http', 'ws')}://{host}:{settings.LIVE_PORT}/graphql/"


@read_only
def asset(request: HttpRequest, name: str) -> HttpResponseBase:
    """Return one of the files that the page loads; with DEBUG off too, and without a server for static files."""
    return serve_file(request, ASSETS / name)
