"""The keys of the issuer of tokens: fetched in the background, and looked up without waiting.

OpenID Connect Discovery 1.0, sections 3 and 4, names their address; they are a JWK Set (RFC 7517).
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from jwt import PyJWK

from walletsvc.access.background import Background

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 300.0
TIMEOUT_SECONDS = 3.0
MAX_BYTES = 262_144
UNKNOWN_SECONDS = 30.0
"""The least time between two fetches because of keys that are not known."""
GOOD_SECONDS = 24 * 3600.0
"""How long the last good set is used while the issuer is away."""

Keys = Mapping[tuple[str, str], PyJWK]
"""Keys by their `kid` and the algorithm that they are used with."""


class IssuerError(Exception):
    """The issuer does not answer as it should."""


class IssuerKeys:
    """Holds the latest good set of keys. `clock` returns seconds."""

    def __init__(
        self, issuer: str, algorithms: Sequence[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._algorithms = algorithms
        self._clock = clock
        self._keys: Keys = {}
        self._good_until = self._may_ask_at = float("-inf")
        self._asking = threading.Lock()
        self._has_tried = threading.Event()
        self._is_failing = False
        self._background = Background(self.refresh, seconds=REFRESH_SECONDS, name="walletsvc-issuer")

    def start(self) -> None:
        """Start to fetch, and give the first set a moment to arrive, so that a new process knows its callers."""
        self._background.start()
        self._has_tried.wait(TIMEOUT_SECONDS)

    def stop(self) -> None:
        """End the thread."""
        self._background.stop()

    def find(self, kid: str, algorithm: str) -> PyJWK | None:
        """Return a key. None if it is not known, which has the set fetched soon. Never waits."""
        if self._clock() < self._good_until:
            key = self._keys.get((kid, algorithm))
            if key is not None:
                return key
        with self._asking:
            now = self._clock()
            if now >= self._may_ask_at:
                self._may_ask_at = now + UNKNOWN_SECONDS
                self._background.hurry()
        return None

    def refresh(self) -> None:
        """Fetch the set. While that fails, the last good one stays."""
        try:
            self._keys = _fetch_keys(self._issuer, self._algorithms)
            self._good_until = self._clock() + GOOD_SECONDS
            self._is_failing = False
        except Exception as error:
            # Whatever an issuer sends, or does not. Warn once, rather than at each try of a long outage.
            level = logging.DEBUG if self._is_failing else logging.WARNING
            logger.log(level, "The issuer's keys are not fetched, the last ones stay: %s", error)
            self._is_failing = True
        finally:
            self._has_tried.set()


def is_trusted_address(url: object) -> bool:
    """Tell whether an address is https, or http on this machine, and holds no credentials."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _fetch_keys(issuer: str, algorithms: Sequence[str]) -> Keys:
    described = _fetch(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if described.get("issuer") != issuer:
        # Discovery, section 4.3. Another one's document could name another one's keys.
        raise IssuerError("its description names another issuer")
    keys = _read_keys(_fetch(described.get("jwks_uri")).get("keys"), algorithms)
    if not keys:
        raise IssuerError("none of its keys has a kid and suits OIDC_ALGORITHMS")
    return keys


def _read_keys(listed: object, algorithms: Sequence[str]) -> Keys:
    """Return the public keys for signatures, each for its own algorithm or for those that suit its type."""
    keys: dict[tuple[str, str], PyJWK] = {}
    for each in listed if isinstance(listed, list) else ():
        kid = each.get("kid") if isinstance(each, dict) else None
        if not isinstance(kid, str) or each.get("use", "sig") != "sig" or "d" in each:
            continue
        for algorithm in algorithms:
            if each.get("alg", algorithm) == algorithm:
                with suppress(Exception):  # a key of another type, or nonsense: others may be good
                    keys.setdefault((kid, algorithm), PyJWK(each, algorithm))
    return keys


class _NoRedirects(HTTPRedirectHandler):
    """A redirect is an error: it could lead to an address that is not trusted."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


def _fetch(url: object) -> dict[str, Any]:
    """Return the JSON object at an address. Raises `IssuerError`, `OSError` and `ValueError`."""
    if not isinstance(url, str) or not is_trusted_address(url):
        raise IssuerError("an address is neither https nor http on this machine")
    # Nothing on this machine is behind a proxy.
    proxies = [ProxyHandler({})] if url.startswith("http:") else []
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - the scheme is checked above
    deadline = time.monotonic() + TIMEOUT_SECONDS
    body = b""
    with build_opener(_NoRedirects, *proxies).open(request, timeout=TIMEOUT_SECONDS) as answer:
        while chunk := answer.read1(65_536):
            body += chunk
            if len(body) > MAX_BYTES:
                raise IssuerError(f"an answer has more than {MAX_BYTES} bytes")
            if time.monotonic() > deadline:
                raise IssuerError(f"an answer takes more than {TIMEOUT_SECONDS:g} s")
    document = json.loads(body)
    if not isinstance(document, dict):
        raise IssuerError("an answer is no JSON object")
    return document
