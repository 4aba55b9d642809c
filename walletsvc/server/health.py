"""Health of the server, for load balancers, containers and operators. Everybody may ask, so nothing is told twice:
no host, no user, no text of an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from django.http import HttpRequest, JsonResponse

from walletsvc import __version__
from walletsvc.server.readiness import readiness
from walletsvc.web.methods import read_only


@read_only
def livez(request: HttpRequest) -> JsonResponse:
    """Answer 200: this process answers. Asks nothing."""
    return JsonResponse({"status": "ok"})


@read_only
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 if this process should get requests, else 503 with what is wrong, by the name of the part.

    Redis is named if it does not answer; requests are served without it all the same.
    """
    status, content = describe_readiness()
    return JsonResponse(content, status=status)


@read_only
def version(request: HttpRequest) -> JsonResponse:
    """Answer which version this is."""
    return JsonResponse(describe_version())


def describe_readiness() -> tuple[int, dict[str, object]]:
    """Return the status and the content of an answer about readiness."""
    found = readiness.findings()
    is_ready = not found.faults
    status = "ok" if is_ready else "unavailable"
    return (200 if is_ready else 503), {"status": status, **found.faults, **found.remarks}


@cache
def describe_version() -> Mapping[str, str]:
    """Return the content of an answer about the version."""
    return {"service": "walletsvc", "version": __version__}
