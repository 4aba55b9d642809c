"""Find the caller: the one place for both faces, the layer in front of Django and the live server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from walletsvc import errors
from walletsvc.access.identify import identify, identify_known
from walletsvc.principals import Principal
from walletsvc.schema.values import parse_name
from walletsvc.telemetry.requests import note_caller
from walletsvc.web.headers import environ_name

AUTHORIZATION, OWNER = "Authorization", "Walletsvc-Owner"

_WITHOUT_PREFIX = ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")
"""The headers that a WSGI environment has without the prefix HTTP_ (RFC 3875, section 4.1)."""


class Headers(Protocol):
    """The headers of a request, as offered by Django, Starlette, a WSGI environment and an ASGI scope."""

    def get(self, name: str, /) -> str | None:
        """Return the value of the header, regardless of case, or None if it is missing."""


class EnvironHeaders:
    """The headers in a WSGI environment (PEP 3333)."""

    __slots__ = ("_environ",)

    def __init__(self, environ: Mapping[str, Any]) -> None:
        self._environ = environ

    def get(self, name: str, /) -> str | None:
        """Return the value of the header."""
        variable = environ_name(name)
        value = self._environ.get(variable)
        if value is None and variable in _WITHOUT_PREFIX:
            value = self._environ.get(variable.removeprefix("HTTP_"))
        return value


class ScopeHeaders:
    """The headers in an ASGI scope (https://asgi.readthedocs.io/en/latest/specs/www.html)."""

    __slots__ = ("_scope",)

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self._scope = scope

    def get(self, name: str, /) -> str | None:
        """Return the value of the header; if it is repeated, the first."""
        wanted = name.lower().encode("latin-1")
        found: list[str] = [value.decode("latin-1") for key, value in self._scope["headers"] if key == wanted]
        return found[0] if found else None


def principal_of(headers: Headers, parameters: Mapping[str, object] | None = None) -> Principal:
    """Return the caller by the `Authorization` header, limited to the owner in `Walletsvc-Owner`.

    `parameters` are the payload of `connection_init`, for browsers, which cannot set the headers of a WebSocket.
    Raises `Unauthenticated`, `Forbidden` for another owner than the caller's, and `DatabaseError`.
    """
    principal, owner = identify(authorization_of(headers, parameters)), headers.get(OWNER)
    note_caller(principal.subject)
    return principal if owner is None else _narrow(principal, owner)


def authorization_of(headers: Headers, parameters: Mapping[str, object] | None = None) -> str | None:
    """Return the credentials as a caller shows them, by the header or in the payload of `connection_init`."""
    authorization = headers.get(AUTHORIZATION)
    if authorization is None and parameters is not None:
        given = parameters.get("authorization")
        authorization = given if isinstance(given, str) else None
    return authorization


def known_principal_of(environ: Mapping[str, Any]) -> Principal | None:
    """Return who is calling if that takes no query: a caller who was verified lately, or anyone of an open server."""
    return identify_known(environ.get("HTTP_AUTHORIZATION"))


def _narrow(principal: Principal, owner: str) -> Principal:
    """Return the caller as it sees one owner's wallets only: a caller that reaches all may narrow itself."""
    if principal.owner not in (None, owner):
        raise errors.Forbidden(f"You are bound to another owner than {OWNER} names.")
    if principal.owner == owner:
        return principal
    return replace(principal, owner=parse_name(owner, field=OWNER), narrowed=True)
