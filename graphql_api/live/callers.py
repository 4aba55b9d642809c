"""Who is calling the live server, and which hosts and origins may."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

from walletsvc.web.hosts import MAX_ORIGIN_LENGTH
from walletsvc.web.public_urls import MAX_HOST_LENGTH


def is_known_host(host: str) -> bool:
    """Tell whether a `Host` is one of ALLOWED_HOSTS, which keeps out pages of domains pointed at this server.

    A text longer than a name and a port can be is refused first: Django lets a port have any number of digits.
    """
    if len(host) > MAX_HOST_LENGTH:
        return False
    request = HttpRequest()
    request.META["HTTP_HOST"] = host
    try:
        request.get_host()
    except DisallowedHost:
        return False
    return True


def is_allowed_origin(origin: str | None, host: str | None) -> bool:
    """Tell whether pages of an origin may talk to us: those of our own host, on any port, and CORS_ALLOWED_ORIGINS.

    Browsers apply no CORS to WebSockets, so the server has to check the origin (RFC 6455, section 10.2). Programs
    other than browsers send none.
    """
    if origin is None or origin in settings.CORS_ALLOWED_ORIGINS:
        return True
    if len(origin) > MAX_ORIGIN_LENGTH or len(host or "") > MAX_HOST_LENGTH:
        # `urlsplit` caches the latest texts that it has split.
        return False
    try:
        name = urlsplit(origin).hostname
        return name is not None and name == urlsplit(f"//{host}").hostname
    except ValueError:
        return False
