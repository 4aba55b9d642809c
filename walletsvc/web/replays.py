"""What a face says about a request, so that similar ones can be answered without Django (`fast_path.py`).

A view has parsed the request, checked it and decided who asks. What then makes the answer is a function of little: of
the id in the path, or of the document that is sent. It offers that (`offer`) to the layer in front.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest


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


@dataclass(slots=True)
class Question:
    """Asks the view that answers a request what to do about similar ones, from within its environment."""

    shape: tuple[object, ...]
    repeatable: Repeatable | None = None


QUESTION = "walletsvc.question"
"""Where the environment of a request has it."""


def offer(request: HttpRequest, *, read: Read | None = None, write: Write | None = None) -> None:
    """Offer what answers requests like this one. Only where the view has asked nothing more of who is calling."""
    question: Question | None = request.META.get(QUESTION)
    if question is not None:
        question.repeatable = Repeatable(read, write)
