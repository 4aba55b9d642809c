"""The client's request as reported by a proxy in front of the server.

A proxy that ends TLS passes on the original scheme and host in `X-Forwarded-Proto` and `X-Forwarded-Host`. Any client
can send these headers, so they count only from the addresses in TRUSTED_PROXIES. They replace the request's own
scheme and host, and `X-Forwarded-For` the client's address, so that everything behind this, including the layer in
front of Django, sees only one of each.
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
_FORWARDED_FOR = b"x-forwarded-for"
_HEADERS = (b"x-forwarded-proto", b"x-forwarded-host")


def parse_networks(addresses: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return addresses and CIDR blocks as networks. Raises `ValueError` for any other text."""
    return tuple(ip_network(address.strip()) for address in addresses)


class Proxies:
    """The proxies whose reports are trusted."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._networks = parse_networks(addresses)
        # More than any server has proxies.
        self.holds = lru_cache(maxsize=256)(self._holds)

    def _holds(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            # An IPv4 address on a socket for both families (RFC 4291, section 2.5.5.2).
            address = address.ipv4_mapped
        return any(address in network for network in self._networks)

    def client(self, peer: str, forwarded: str) -> str:
        """Return the address of the client behind the proxy `peer`, by its `X-Forwarded-For`.

        That is the right-most that is no trusted proxy: each proxy appends whom it was asked by, and whatever stands
        before that was sent by the client. Without a sound address it is the last proxy's.
        """
        client = peer
        for text in reversed(forwarded.split(",")):
            address = _parse_address(text.strip())
            if address is None:
                break
            client = address
            if not self.holds(address):
                break
        return client


def _parse_address(text: str) -> str | None:
    """Return the address in an element of X-Forwarded-For, which some proxies give with the port."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _nearest(value: str) -> str:
    """Return the nearest proxy's value: each appends its own, and a client's own comes first."""
    return value.rpartition(",")[2].strip()


# -- WSGI ----------------------------------------------------------------------------------------------


def behind_proxies(application: WsgiApplication) -> WsgiApplication:
    """Return the WSGI application that trusts TRUSTED_PROXIES; unchanged if there are none."""
    return Forwarded(application, Proxies(settings.TRUSTED_PROXIES)) if settings.TRUSTED_PROXIES else application


class Forwarded:
    """A WSGI application (PEP 3333) that applies the forwarded scheme and host."""

    def __init__(self, application: WsgiApplication, proxies: Proxies) -> None:
        self._application = application
        self._proxies = proxies

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if self._proxies.holds(environ.get("REMOTE_ADDR", "")):
            scheme = _nearest(environ.get("HTTP_X_FORWARDED_PROTO", "")).lower()
            if scheme in _SCHEMES:
                environ["wsgi.url_scheme"] = scheme
            if host := _nearest(environ.get("HTTP_X_FORWARDED_HOST", "")):
                environ["HTTP_HOST"] = host
            environ["REMOTE_ADDR"] = self._proxies.client(
                environ["REMOTE_ADDR"], environ.get("HTTP_X_FORWARDED_FOR", "")
            )
        return self._application(environ, start_response)


# -- ASGI ----------------------------------------------------------------------------------------------


def behind_proxies_async(application: AsgiApplication) -> AsgiApplication:
    """Return the ASGI application that trusts TRUSTED_PROXIES; unchanged if there are none."""
    return ForwardedAsync(application, Proxies(settings.TRUSTED_PROXIES)) if settings.TRUSTED_PROXIES else application


class ForwardedAsync:
    """An ASGI application that applies the forwarded scheme and host."""

    def __init__(self, application: AsgiApplication, proxies: Proxies) -> None:
        self._application = application
        self._proxies = proxies

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        client = scope.get("client")
        if client is not None and self._proxies.holds(client[0]):
            scope = _forward(scope)
            addresses = ",".join(
                value.decode("latin-1") for name, value in scope["headers"] if name == _FORWARDED_FOR
            )
            scope["client"] = (self._proxies.client(client[0], addresses), 0)
        await self._application(scope, receive, send)


def _forward(scope: Any) -> Any:
    """Return the scope of the request as the client sent it to the proxy."""
    forwarded = {name: _nearest(value.decode("latin-1")) for name, value in scope["headers"] if name in _HEADERS}
    scheme, host = forwarded.get(b"x-forwarded-proto", "").lower(), forwarded.get(b"x-forwarded-host", "")
    changed = dict(scope)
    if scheme in _SCHEMES:
        changed["scheme"] = scheme.replace("http", "ws") if scope["type"] == "websocket" else scheme
    if host:
        others = [(name, value) for name, value in scope["headers"] if name != b"host"]
        changed["headers"] = [*others, (b"host", host.encode("latin-1"))]
    return changed
