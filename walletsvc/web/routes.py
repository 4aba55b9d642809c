"""The names of routes, as logs and metrics show them: without the ids in a path, so that there are only so many."""

from __future__ import annotations

import re
from functools import lru_cache

from django.http import HttpRequest

from walletsvc.telemetry.requests import OTHER

_WRITES = frozenset({"POST", "PATCH", "DELETE"})
_METHODS = _WRITES | {"GET", "HEAD", "OPTIONS"}

_ID = re.compile(r"\(\?P<(\w+)>[^()]*\)")
_SLASH = re.compile(r"\(\?:/\|\$\)")
_ANYTHING = "(?s:.*)"
_OPTIONAL_OR_ANCHOR = re.compile(r"/\?|\\A|\\Z|[\^$]")


def operation_of(request: HttpRequest) -> str:
    """Return the method and the template of the route that answers, such as `GET /api/wallets/{identifier}`.

    A request that no route of ours answers is OTHER.
    """
    match, method = request.resolver_match, request.META["REQUEST_METHOD"]
    if match is None or method not in _METHODS:
        return OTHER
    template = _template(match.route)
    return OTHER if template is None else f"{method} {template}"


def is_write_method(method: str) -> bool:
    """Tell whether a request to a resource changes something, if it succeeds."""
    return method in _WRITES


@lru_cache(maxsize=256)
def _template(route: str) -> str | None:
    """Return the template of a route, a regular expression, or None for the one that all other paths match."""
    if _ANYTHING in route:
        return None
    named = _ID.sub(r"{\1}", _SLASH.sub("/", route))
    return "/" + _OPTIONAL_OR_ANCHOR.sub("", named).replace(r"\.", ".").strip("/")
