"""What the server says of itself, at `/` and wherever there is nothing: a page to browsers, JSON to everyone else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from walletsvc import __version__
from walletsvc.telemetry.requests import note_refusal
from walletsvc.web.methods import read_only
from walletsvc.web.pages import serve_page
from walletsvc.web.public_urls import live_url, public_url
from walletsvc.web.refusals import Refusal, print_plainly
from walletsvc.web.security import page_policy

_ICON = Path(__file__).parent.parent / "static" / "walletsvc" / "favicon.svg"
_SHOWN_PATH = 256
_PATHS = {
    "rest": "/api/",
    "docs": "/api/docs/",
    "schema": "/api/schema/",
    "graphql": "/graphql/",
    "health": "/healthz",
    "version": "/version",
}


@read_only
def index(request: HttpRequest) -> HttpResponse:
    """Return the addresses of all that there is."""
    if wants_page(request):
        return serve_page(request, _page(request))
    content = {"service": "walletsvc", "version": __version__, "links": _links(request)}
    return serve_page(request, JsonResponse(content))


@read_only
def favicon(request: HttpRequest) -> HttpResponse:
    """Return the icon, at the address where browsers look for it without being told."""
    return serve_page(request, HttpResponse(_read_icon(), content_type="image/svg+xml"))


def unknown(request: HttpRequest) -> HttpResponse:
    """Answer requests outside both faces, whatever the method: 404, with the addresses of what there is."""
    refusal = Refusal(404, "not_found", f"There is nothing at {request.path[:_SHOWN_PATH]}.")
    if request.method in ("GET", "HEAD") and wants_page(request):
        note_refusal(refusal.code)
        return _page(request, message=refusal.message)
    return print_plainly(refusal, links=_links(request))


def wants_page(request: HttpRequest) -> bool:
    """Tell whether the client names HTML among the types that it accepts, as browsers do."""
    return any((each.main_type, each.sub_type) == ("text", "html") for each in request.accepted_types)


def _links(request: HttpRequest) -> dict[str, str]:
    """Return the addresses by their names. Raises `DisallowedHost`."""
    root, live = public_url(request), live_url(request)
    links = {name: root + path for name, path in _PATHS.items()}
    return {**links, "live": live} if live else links


def _page(request: HttpRequest, *, message: str = "") -> HttpResponse:
    shown = {
        "version": __version__,
        "root": public_url(request),
        "live_url": live_url(request),
        "needs_key": settings.AUTH_REQUIRED,
        "message": message,
    }
    page = render_to_string("walletsvc/front_door.html", shown)
    return HttpResponse(page, status=404 if message else 200, headers=page_policy())


@cache
def _read_icon() -> bytes:
    return _ICON.read_bytes()
