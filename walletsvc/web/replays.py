"""What a face leaves on a response, so that similar requests can be answered without Django (`fast_path.py`).

A view has parsed the request, checked it and decided who asks. What then makes the answer is a function of little: of
the id in the path, or of the document that is sent. It is attached to the response (`attach`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpResponseBase


@dataclass(frozen=True, slots=True)
class Reading:
    """A representation: where the cache has it, under which stamps, its media type, and what makes it.

    `build` may raise whatever reading raises.
    """

    key: str
    stamps: Sequence[str]
    content_type: str
    build: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a write, with the headers that are its own."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


Read = Callable[[int | None], Reading]
"""Given the number in the path, or None if it has none, returns the representation behind the URL."""

Write = Callable[[bytes], Written]
"""Given the document in the request, carries it out and returns the answer. Never raises for what a client sent."""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """What answers requests that differ from another one in nothing but the number or the document."""

    read: Read | None = None
    write: Write | None = None


def attach(response: HttpResponseBase, *, read: Read | None = None, write: Write | None = None) -> None:
    """Leave `read` or `write` on a response. Only where the view has asked nobody who is calling."""
    response.repeatable = Repeatable(read, write)  # type: ignore[attr-defined]


def attached(response: HttpResponseBase) -> Repeatable | None:
    """Return what `attach` has left."""
    found: Repeatable | None = getattr(response, "repeatable", None)
    return found
