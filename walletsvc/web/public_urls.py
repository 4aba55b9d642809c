"""The server's URLs for clients: the beginning of absolute links, and the URLs that belong to this server."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

MAX_HOST_LENGTH = 253 + len(":65535")
"""The longest possible host name (RFC 1035, section 2.3.4), and a port."""


def public_url(request: HttpRequest) -> str:
    """Return the URL of the server as the client knows it, without a trailing slash.

    That is `PUBLIC_URL`, or else scheme and host of the request, as a trusted proxy reports them (`web.proxies`).
    Raises `DisallowedHost` for a host that is not one of ALLOWED_HOSTS.
    """
    # Checks the host in either case: against DNS rebinding, a server answers only to its own names.
    own = own_url(request)
    public: str = settings.PUBLIC_URL
    return public or own


def own_url(request: HttpRequest) -> str:
    """Return the scheme and host that the request was sent to. Raises `DisallowedHost`."""
    host = request.get_host()
    if len(host) > MAX_HOST_LENGTH:
        # There is no end to the names below an allowed domain, and links are cached with their answers.
        raise DisallowedHost("The host name is too long.")
    return f"{request.scheme}://{host.lower()}"


def server_urls(request: HttpRequest) -> tuple[str, ...]:
    """Return each URL by which the client may know the server. Raises `DisallowedHost`."""
    return tuple(dict.fromkeys((public_url(request), own_url(request))))


def live_url(request: HttpRequest) -> str:
    """Return the URL of the live server for pages: LIVE_URL, or LIVE_PORT of its own host; empty if there is none.

    Raises `DisallowedHost`.
    """
    if settings.LIVE_URL or not settings.LIVE_PORT:
        return str(settings.LIVE_URL)
    own = urlsplit(public_url(request))
    host = f"[{own.hostname}]" if ":" in (own.hostname or "") else own.hostname
    return f"{own.scheme.replace('http', 'ws')}://{host}:{settings.LIVE_PORT}/graphql/"
