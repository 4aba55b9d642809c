"""Render refusals that precede the views as JSON:API."""

from __future__ import annotations

from django.http import HttpResponse

from rest_api.encoder import encode_problems
from rest_api.errors import Problem
from rest_api.negotiation import MEDIA_TYPE, NOTHING_AGREED
from walletsvc.web.refusals import Refusal


def print_refusal(refusal: Refusal) -> HttpResponse:
    """Return the response with its error document."""
    problem = Problem(refusal.status, refusal.code, refusal.message, header=refusal.header)
    body = encode_problems([problem], NOTHING_AGREED)
    headers = {"Content-Length": str(len(body)), **refusal.headers}
    return HttpResponse(body, status=refusal.status, content_type=MEDIA_TYPE, headers=headers)
