"""Pages, descriptions and the files that pages load: each has a tag, and is judged by it as other answers are."""

from __future__ import annotations

from pathlib import Path

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from walletsvc.errors import PreconditionFailed
from walletsvc.etags import make_etag
from walletsvc.web.preconditions import check_read


def serve_page(request: HttpRequest, page: HttpResponse) -> HttpResponse:
    """Return the page with its tag; or 304 or 412, if the preconditions of the request say so."""
    etag = make_etag(page.content)
    page["ETag"] = etag
    return _refer(request, etag) or page


def serve_file(request: HttpRequest, path: Path | None) -> HttpResponseBase:
    """Return a file; or 304, 404 or 412. It may be kept, and is to be asked for again each time."""
    if path is None or not path.is_file():
        return HttpResponse("There is no such file.", status=404, content_type="text/plain")
    found = path.stat()
    etag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=0, must-revalidate"}
    return _refer(request, etag) or FileResponse(path.open("rb"), headers=headers)


def _refer(request: HttpRequest, etag: str) -> HttpResponse | None:
    """Return the answer without the representation, if the preconditions of the request want that."""
    try:
        if not check_read(request.headers, etag):
            return None
    except PreconditionFailed as failed:
        return HttpResponse(failed.message, status=412, content_type="text/plain")
    unchanged = HttpResponse(status=304, headers={"ETag": etag})
    del unchanged["Content-Type"]
    return unchanged
