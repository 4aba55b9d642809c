"""The parts of a request of a hostile hour."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

JSON_API = "application/vnd.api+json"
ATOMIC = f'{JSON_API};ext="https://jsonapi.org/ext/atomic"'
WALLETS = 8
"""Wallets with ids from 1 that exist before the first request."""

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Request:
    """A request, to the live server if `live` is set. A stream is read up to `until`."""

    path: str
    method: str = "GET"
    headers: Headers = field(default_factory=dict)
    body: bytes | None = None
    live: bool = False
    until: bytes = b""


Kind = Callable[[str, int], Request]
"""Makes a request of a text that no other request has, and of about how many bytes it takes."""


def graphql(*, live: bool = False, until: bytes = b"", headers: Headers | None = None, **members: Any) -> Request:
    """Return a POST of a GraphQL request."""
    accept = {"Accept": "text/event-stream"} if live else {}
    body = json.dumps(members, separators=(",", ":")).encode()
    sent = {"Content-Type": "application/json", **accept, **(headers or {})}
    return Request("/graphql/", "POST", sent, body, live=live, until=until)


def json_api(path: str, document: Any, *, method: str = "POST", **headers: str) -> Request:
    """Return a write of a JSON:API document."""
    return Request(path, method, {"Content-Type": JSON_API, **headers}, json.dumps(document).encode())


def atomic(operation: Any) -> Request:
    """Return a request of one atomic operation."""
    headers = {"Content-Type": ATOMIC, "Accept": ATOMIC}
    return Request("/api/operations/", "POST", headers, json.dumps({"atomic:operations": [operation]}).encode())


def pad(text: str, size: int) -> str:
    """Return the text, made about as long as `size`."""
    return text + "x" * max(size - len(text), 0)


def short(size: int) -> int:
    """Return what fits into the head of a request."""
    return min(size, 50_000)


def number_of(text: str) -> int:
    """Return a number that is as much its own as the text."""
    return int(text, 16)
