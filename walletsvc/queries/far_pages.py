"""Read a page by number from the end of its list, if it is nearer to that: OFFSET reads all that it skips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from walletsvc.db.statements import Asked, answer
from walletsvc.queries.row_sql import Row

FAR = 1_000
"""From how many skipped rows on it pays off to ask for the number of all first."""
_TRIES = 3
"""How often others may write between the two statements, until OFFSET is taken."""


def read_from_end(
    ask: Callable[..., Asked[Any]], within: Callable[..., Any], count: Asked[int], *, start: int, size: int
) -> tuple[Sequence[Row], int] | None:
    """Return the rows from `start` on, and the number of all; None if the beginning is nearer.

    `ask` asks in the reverse order. The number that the place of the rows was computed from comes with them again: if
    it is another one by then, they would not be those of the page.
    """
    number = answer(count)
    for _ in range(_TRIES):
        left = number - start
        if left <= 0:
            return [], number
        shown = min(size, left)
        skipped = left - shown
        if skipped >= start:
            return None
        rows, seen = within(partial(ask, limit=shown, offset=skipped), skipped=skipped)
        if seen == number and len(rows) == shown:
            return rows[::-1], number
        number = seen
    return None
