"""What is refused before a view is asked, as GraphQL over HTTP says it."""

from __future__ import annotations

from django.http import HttpResponse

from walletsvc.web.refusals import Refusal, print_json


def print_refusal(refusal: Refusal) -> HttpResponse:
    """Return the answer, as any request has that does not get as far as GraphQL."""
    error = {"message": refusal.message, "extensions": {"code": refusal.code}}
    return print_json({"errors": [error]}, refusal)
