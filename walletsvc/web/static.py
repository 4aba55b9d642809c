"""The files that pages load, below `settings.STATIC_URL`: WhiteNoise, with preconditions as on all answers.

It is middleware, behind the checks of each request, and collects the files of all applications at the first request
for one: so they are the same with DEBUG on and off, and `collectstatic` is not needed. A path is looked up in that
table, never on disk, so nothing else can be reached.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

from walletsvc.errors import PreconditionFailed, Unavailable
from walletsvc.web.gate import GetResponse
from walletsvc.web.methods import read_only
from walletsvc.web.preconditions import check_read
from walletsvc.web.streams import streams

MAX_WHOLE_BYTES = 2**20
"""The server keeps as much for each client, as it does of other answers."""


class StaticFiles:
    """Answers requests for files, and passes on all others."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the file: 200, or 304, 405, 412."""
        file = self._files.get(request.path_info) if request.path_info.startswith(settings.STATIC_URL) else None
        return self._get_response(request) if file is None else _serve(request, file)

    @cached_property
    def _files(self) -> dict[str, StaticFile]:
        files: dict[str, StaticFile] = WhiteNoiseMiddleware().files
        return files


@read_only
def _serve(request: HttpRequest, file: StaticFile) -> HttpResponseBase:
    # WhiteNoise serves ranges without `If-Range`; a server may ignore ranges (RFC 9110, section 14.2).
    request.META.pop("HTTP_RANGE", None)
    try:
        if check_read(request.headers, file.etag):
            # It compares with one strong tag.
            request.META["HTTP_IF_NONE_MATCH"] = file.etag
    except PreconditionFailed as failed:
        return HttpResponse(failed.message, status=412, content_type="text/plain")
    response: HttpResponseBase = WhiteNoiseMiddleware.serve(file, request)
    return _in_parts(response) if isinstance(response, StreamingHttpResponse) else response


def _in_parts(response: StreamingHttpResponse) -> HttpResponseBase:
    """Return the answer whole, or, if it is large, in parts for which there is room."""
    parts: Iterable[bytes] = response.streaming_content  # type: ignore[assignment]  # it is not asynchronous
    if int(response.headers.get("Content-Length", 0)) <= MAX_WHOLE_BYTES:
        response.streaming_content = [b"".join(parts)]
        return response
    try:
        response.streaming_content = streams.begin(parts)
    except Unavailable as refused:
        response.close()
        headers = {"Retry-After": str(refused.retry_after_seconds)}
        return HttpResponse(refused.message, status=503, content_type="text/plain", headers=headers)
    return response
