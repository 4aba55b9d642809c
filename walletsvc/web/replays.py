"""A view's offer to answer similar requests without Django (`fast_path.py`).

A view has parsed the request, checked it and identified the caller. The answer then depends on little: the id in the
path, or the document of a write. The view offers that function (`offer`) to the layer in front.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Reading:
    """A representation: its cache key, its stamps, its media type, and the function that builds it.

    Reading it counts for `units` requests (`web/limits.py`). `build` may raise whatever reading raises.
    """

    key: str
    stamps: Sequence[str]
    content_type: str
    build: Callable[[], bytes]
    units: int = 1


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to a write, with its own headers."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes


Read = Callable[[int | None], Reading]
"""Takes the id in the path, or None if it has none, and returns the representation at the URL."""

Write = Callable[[bytes, str | None, int | None], Written | None]
"""Takes the document of a request, its header Idempotency-Key and the id in its path, and returns the answer.

Returns None to leave the request to Django: then it has changed nothing. Never raises because of a client's input.
"""


@dataclass(frozen=True, slots=True)
class Repeatable:
    """The answer to requests that differ from another one only in the id or the document."""

    read: Read | None = None
    write: Write | None = None


@dataclass(slots=True)
class Question:
    """Asks the view, through the environment of its request, how to answer similar ones.

    `writes` is the shape that an answer to a write is remembered by, if it may be: it has the caller's identity, and
    no body.
    """

    shape: tuple[object, ...]
    writes: tuple[object, ...] | None = None
    repeatable: Repeatable | None = None


QUESTION = "walletsvc.question"
"""Its key in the environment of a request."""


def offer(request: HttpRequest, *, read: Read | None = None, write: Write | None = None) -> None:
    """Offer an answer to similar requests. Only for a view without further access control."""
    question: Question | None = request.META.get(QUESTION)
    if question is not None:
        question.repeatable = Repeatable(read, write)
