"""Limits on the operations of one connection, taken together, and of one caller."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from graphql_api.limits import LimitExceeded
from walletsvc.queries.questions import MAX_PAGE_SIZE

MAX_CHARACTERS = 200_000
"""How long the documents and variables of a connection may be. Parsed, they are many times as large."""

MAX_PAGE_COST = 200
"""How many records a page of entries comes to, with everything selected below them, unless one entry alone does."""


def page_size(cost: int) -> int:
    """Return how many entries to read at once if showing one of them has that cost."""
    return max(1, min(MAX_PAGE_SIZE, MAX_PAGE_COST // max(1, cost)))


class Places:
    """How many of something each caller may have open at a time. For the event loop."""

    def __init__(self, what: str, code: str) -> None:
        self._what = what
        self._code = code
        self._taken: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._taken)

    @contextmanager
    def hold(self, subject: str, limit: int) -> Iterator[None]:
        """Count one more of the caller's. Raises `LimitExceeded` beyond the limit; 0 is none."""
        taken = self._taken.get(subject, 0)
        if limit and taken >= limit:
            raise LimitExceeded(self._code, f"A caller has at most {limit} {self._what} at a time.", limit=limit)
        self._taken[subject] = taken + 1
        try:
            yield
        finally:
            self._taken[subject] -= 1
            if not self._taken[subject]:
                del self._taken[subject]


class Budget:
    """The cost and the length of all operations that are running on a connection."""

    def __init__(self) -> None:
        self._cost = 0
        self._characters = 0

    @contextmanager
    def hold(self, cost: int, characters: int) -> Iterator[None]:
        """Count an operation while it runs. Raises `LimitExceeded` if the connection has no room for it."""
        total, limit = self._cost + cost, settings.LIVE_MAX_COST
        if total > limit:
            message = f"With this one the subscriptions of the connection cost {total}; at most {limit} is allowed."
            raise LimitExceeded("graphql_too_costly", message, limit=limit, cost=total)
        if self._characters + characters > MAX_CHARACTERS:
            message = f"The documents and variables of a connection have at most {MAX_CHARACTERS} characters."
            raise LimitExceeded("graphql_too_long", message, limit=MAX_CHARACTERS)
        self._cost += cost
        self._characters += characters
        try:
            yield
        finally:
            self._cost -= cost
            self._characters -= characters
