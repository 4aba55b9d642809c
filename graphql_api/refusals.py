"""Print refusals from before the view, in the shape of GraphQL errors."""

from __future__ import annotations

from django.http import HttpResponse

from walletsvc.telemetry.requests import note_refusal
from walletsvc.web.refusals import Refusal, print_json


def print_refusal(refusal: Refusal) -> HttpResponse:
    """Return the response to a refused request."""
    note_refusal(refusal.code)
    error = {"message": refusal.message, "extensions": {"code": refusal.code}}
    return print_json({"errors": [error]}, refusal)
