"""Which hosts a request may be meant for."""

from __future__ import annotations

from ipaddress import ip_address

from django.http.request import split_domain_port

MAX_ORIGIN_LENGTH = 512
"""Longer than any scheme, name and port. Whoever takes one apart (`urlsplit`) keeps the latest of them."""


def is_address(host: str) -> bool:
    """Tell whether a `Host` is an IP address, with or without a port."""
    domain, _port = split_domain_port(host)
    try:
        ip_address(domain.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_probe(host: str, *, protocol: str) -> bool:
    """Tell whether a load balancer may be asking after our health.

    They know us by address, or speak HTTP/1.0 and name no host. A page that makes its own name lead here sends that
    name, and the answer tells nothing but whether the server is well.
    """
    if not host:
        # RFC 9112, section 3.2: without one, HTTP/1.1 is refused.
        return protocol in ("HTTP/1.0", "HTTP/1")
    return is_address(host)
