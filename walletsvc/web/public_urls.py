"""The URLs that clients reach the server by: what absolute links begin with, and which URLs are this server's."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

MAX_HOST_LENGTH = 253 + len(":65535")
"""The longest name that a host can have (RFC 1035, section 2.3.4), and a port."""


def public_url(request: HttpRequest) -> str:
    """Return the URL of the server as the client knows it, without a slash at its end.

    That is `PUBLIC_URL`, or else scheme and host of the request: those that a trusted proxy was sent
    (`web.proxies`). Raises `DisallowedHost` for a host that is not one of ALLOWED_HOSTS.
    """
    # The host is looked at in either case: against DNS rebinding, a server answers by its own names only.
    own = own_url(request)
    public: str = settings.PUBLIC_URL
    return public or own


def own_url(request: HttpRequest) -> str:
    """Return scheme and host that the request was sent to. Raises `DisallowedHost`."""
    host = request.get_host()
    if len(host) > MAX_HOST_LENGTH:
        # Names below an allowed domain have no end, and links are kept with the answers that they are in.
        raise DisallowedHost("The host is longer than a name can be.")
    return f"{request.scheme}://{host.lower()}"


def server_urls(request: HttpRequest) -> tuple[str, ...]:
    """Return each URL that the server is known by to the client. Raises `DisallowedHost`."""
    return tuple(dict.fromkeys((public_url(request), own_url(request))))
