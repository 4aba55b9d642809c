"""Methods of plain views, which are not resources of a face, such as a page or a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from walletsvc.web.refusals import Refusal, print_refusal

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

ALLOWED = "GET, HEAD, OPTIONS"


def read_only(view: View[P]) -> View[P]:
    """Let `view` answer GET and HEAD; answer OPTIONS with 204, other methods with 405.

    The server omits the body of an answer to HEAD.
    """

    @wraps(view)
    def answer(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if request.method in ("GET", "HEAD"):
            response = view(request, *args, **kwargs)
            if isinstance(response, HttpResponse) and response.status_code != 304:
                # Without it a server sends chunks, and the answer to HEAD could not state the length.
                response.setdefault("Content-Length", str(len(response.content)))
            return response
        if request.method == "OPTIONS":
            return HttpResponse(status=204, headers={"Allow": ALLOWED})
        message = "This can only be read."
        return print_refusal(request, Refusal(405, "method_not_allowed", message, headers={"Allow": ALLOWED}))

    return answer
