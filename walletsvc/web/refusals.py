"""What is refused before a view is asked: decided once, and printed by the face whose URL was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request gets no further. `header` names the field of the request that is at fault."""

    status: int
    code: str
    message: str
    header: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer."""


Printer = Callable[[Refusal], HttpResponse]
"""Returns the answer to a refused request in the shape that errors of a face have."""

_printers: dict[str, Printer] = {}


def register_printer(prefix: str, printer: Printer) -> None:
    """Let `printer` print what is refused at the URL `prefix` (without a slash at its end) and below it."""
    _printers[prefix] = printer


def print_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Return the answer to a refused request."""
    prefix, _, _ = request.path_info[1:].partition("/")
    response = _printers.get(f"/{prefix}", print_plainly)(refusal)
    # No error of ours, even where the status says that we lack something (501).
    log_response("Refused: %s", refusal.message, response=response, request=request, level="warning")
    return response


def print_plainly(refusal: Refusal) -> HttpResponse:
    """Return the answer at the URLs that belong to no face."""
    error = {"code": refusal.code, "message": refusal.message}
    return print_json({"errors": [error]}, refusal)


def print_json(content: dict[str, object], refusal: Refusal) -> HttpResponse:
    """Return an answer in JSON, with its length: without it, a server sends chunks."""
    response = JsonResponse(content, status=refusal.status, headers=dict(refusal.headers))
    response["Content-Length"] = str(len(response.content))
    return response
