"""Refusals that precede the views: decided once, and rendered by the face that the URL belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.log import log_response

from walletsvc.telemetry.requests import note_refusal


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a request is refused. `header` names the header at fault."""

    status: int
    code: str
    message: str
    header: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer."""


Printer = Callable[[Refusal], HttpResponse]
"""Returns the answer to a refused request in the format of a face's errors."""

_printers: dict[str, Printer] = {}


def register_printer(prefix: str, printer: Printer) -> None:
    """Let `printer` render refusals at the URL `prefix` (without a trailing slash) and below it."""
    _printers[prefix] = printer


def print_refusal(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """Return the answer to a refused request."""
    prefix, _, _ = request.path_info[1:].partition("/")
    response = _printers.get(f"/{prefix}", print_plainly)(refusal)
    # Not a server error, even if the status says that the server lacks something (501).
    log_response("Refused: %s", refusal.message, response=response, request=request, level="warning")
    return response


def print_plainly(refusal: Refusal, **more: object) -> HttpResponse:
    """Return the answer at URLs outside both faces, with `more` members."""
    note_refusal(refusal.code)
    error = {"code": refusal.code, "message": refusal.message}
    return print_json({"errors": [error], **more}, refusal)


def print_json(content: dict[str, object], refusal: Refusal) -> HttpResponse:
    """Return an answer in JSON, with its length: without it, a server sends chunks."""
    response = JsonResponse(content, status=refusal.status, headers=dict(refusal.headers))
    response["Content-Length"] = str(len(response.content))
    return response
