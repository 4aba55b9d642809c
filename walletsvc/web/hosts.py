"""The hosts that a request may be for."""

from __future__ import annotations

from ipaddress import ip_address

from django.http.request import split_domain_port

PROBED = frozenset(f"/{name}{slash}" for name in ("healthz", "livez", "readyz") for slash in ("", "/"))
"""What load balancers ask, of both servers."""

MAX_ORIGIN_LENGTH = 512
"""Longer than any scheme, name and port. `urlsplit` caches its latest arguments, so their length is bounded."""


def is_address(host: str) -> bool:
    """Tell whether a `Host` is an IP address, with or without a port."""
    domain, _port = split_domain_port(host)
    try:
        ip_address(domain.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_probe(host: str, *, protocol: str) -> bool:
    """Tell whether the request may be a load balancer's health check.

    Load balancers know the server by address, or speak HTTP/1.0 without a host. A page whose own name leads here
    sends that name, and the answer shows only whether the server is healthy.
    """
    if not host:
        # RFC 9112, section 3.2: HTTP/1.1 without a host is refused.
        return protocol in ("HTTP/1.0", "HTTP/1")
    return is_address(host)
