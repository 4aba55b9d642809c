"""Pages, descriptions and the files that pages load: with validators, and preconditions as RFC 9110 has them."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import http_date

from walletsvc.etags import make_etag


def serve_page(request: HttpRequest, response: HttpResponse) -> HttpResponseBase:
    """Return the response with its tag; or 304 or 412, if the preconditions of the request say so."""
    response["ETag"] = make_etag(response.content)
    return _decide(request, response)


def serve_file(request: HttpRequest, path: Path | None) -> HttpResponseBase:
    """Return a file; or 304, 404 or 412. It may be kept, and is to be asked for again each time."""
    if path is None or not path.is_file():
        return HttpResponse("There is no such file.", status=404, content_type="text/plain")
    found = path.stat()
    response = FileResponse(path.open("rb"))
    response["ETag"] = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    response["Last-Modified"] = http_date(found.st_mtime)
    response["Cache-Control"] = "public, max-age=0, must-revalidate"
    decided = _decide(request, response, last_modified=int(found.st_mtime))
    if decided is not response:
        response.close()
    return decided


def _decide(
    request: HttpRequest, response: HttpResponseBase, *, last_modified: int | None = None
) -> HttpResponseBase:
    decided = get_conditional_response(request, response["ETag"], last_modified, response)  # type: ignore[arg-type]
    # With a response to fall back to, there is always one.
    return response if decided is None else decided
