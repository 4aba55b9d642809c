"""Pages and descriptions: each has a tag, and checks preconditions as other answers do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from walletsvc.errors import PreconditionFailed
from walletsvc.etags import make_etag
from walletsvc.web.preconditions import revalidate


def content_policy(**more: str) -> dict[str, str]:
    """Return the headers of a page that loads nothing from other servers, except for the directives in `more`.

    `connect_src="wss://live.example"` becomes `connect-src 'self' wss://live.example`.
    """
    directives = {
        "default-src": "",
        # Swagger UI and GraphiQL create style elements, and embed icons and fonts in their scripts.
        "style-src": "'unsafe-inline'",
        "img-src": "data:",
        "font-src": "data:",
    } | {name.replace("_", "-"): sources for name, sources in more.items()}
    parts = [f"{name} 'self' {sources}".rstrip() for name, sources in directives.items()]
    return {"Content-Security-Policy": "; ".join([*parts, "frame-ancestors 'none'"])}


def serve_page(request: HttpRequest, page: HttpResponse) -> HttpResponse:
    """Return the page with its tag; or 304 or 412, depending on the preconditions of the request."""
    try:
        return revalidate(request.headers, page, make_etag(page.content))
    except PreconditionFailed as failed:
        return HttpResponse(failed.message, status=412, content_type="text/plain")
