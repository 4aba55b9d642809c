"""Pages and descriptions: each has a tag, and checks preconditions as other answers do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from walletsvc.errors import PreconditionFailed
from walletsvc.etags import make_etag
from walletsvc.web.preconditions import revalidate


def serve_page(request: HttpRequest, page: HttpResponse) -> HttpResponse:
    """Return the page with its tag; or 304 or 412, depending on the preconditions of the request."""
    try:
        return revalidate(request.headers, page, make_etag(page.content))
    except PreconditionFailed as failed:
        return HttpResponse(failed.message, status=412, content_type="text/plain")
