"""What the client asked for, as told by a proxy in front of the server.

A proxy that ends TLS passes on what it was sent in `X-Forwarded-Proto` and `X-Forwarded-Host`. Anybody can send these
headers, so they count only from the addresses in TRUSTED_PROXIES. They take the place of the request's own scheme and
host, so that all behind this, the layer in front of Django too, knows of one scheme and one host only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings

Environ = dict[str, Any]
WsgiApplication = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
AsgiApplication = Callable[[Any, Any, Any], Any]

_SCHEMES = ("http", "https")
_HEADERS = (b"x-forwarded-proto", b"x-forwarded-host")


def parse_networks(addresses: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return addresses and CIDR blocks as networks. Raises `ValueError` for what is neither."""
    return tuple(ip_network(address.strip()) for address in addresses)


class Proxies:
    """The proxies that are trusted to say what they were sent."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._networks = parse_networks(addresses)
        # As many as a server has proxies, and then some.
        self.holds = lru_cache(maxsize=256)(self._holds)

    def _holds(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            # What a socket for both families says of an IPv4 address (RFC 4291, section 2.5.5.2).
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)


def _told(value: str) -> str:
    """Return what the nearest proxy says: each adds its own at the end, and a client's own comes first."""
    return value.rpartition(",")[2].strip()


# -- WSGI ----------------------------------------------------------------------------------------------


def behind_proxies(application: WsgiApplication) -> WsgiApplication:
    """Return the WSGI application that believes TRUSTED_PROXIES: the same one where there are none."""
    return Forwarded(application, Proxies(settings.TRUSTED_PROXIES)) if settings.TRUSTED_PROXIES else application


class Forwarded:
    """A WSGI application (PEP 3333) that knows what was forwarded to it."""

    def __init__(self, application: WsgiApplication, proxies: Proxies) -> None:
        self._application = application
        self._proxies = proxies

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._proxies.holds(environ.get("REMOTE_ADDR", "")):
            scheme = _told(environ.get("HTTP_X_FORWARDED_PROTO", "")).lower()
            if scheme in _SCHEMES:
                environ["wsgi.url_scheme"] = scheme
            if host := _told(environ.get("HTTP_X_FORWARDED_HOST", "")):
                environ["HTTP_HOST"] = host
        return self._application(environ, start_response)


# -- ASGI ----------------------------------------------------------------------------------------------


def behind_proxies_async(application: AsgiApplication) -> AsgiApplication:
    """Return the ASGI application that believes TRUSTED_PROXIES: the same one where there are none."""
    return ForwardedAsync(application, Proxies(settings.TRUSTED_PROXIES)) if settings.TRUSTED_PROXIES else application


class ForwardedAsync:
    """An ASGI application that knows what was forwarded to it."""

    def __init__(self, application: AsgiApplication, proxies: Proxies) -> None:
        self._application = application
        self._proxies = proxies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client = scope.get("client")
        if client is not None and self._proxies.holds(client[0]):
            scope = _forward(scope)
        await self._application(scope, receive, send)


def _forward(scope: Any) -> Any:
    """Return the scope of the request that the proxy was sent."""
    told = {name: _told(value.decode("latin-1")) for name, value in scope["headers"] if name in _HEADERS}
    scheme, host = told.get(b"x-forwarded-proto", "").lower(), told.get(b"x-forwarded-host", "")
    changed = dict(scope)
    if scheme in _SCHEMES:
        changed["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
    if host:
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        changed["headers"] = [*others, (b"host", host.encode("latin-1"))]
    return changed
