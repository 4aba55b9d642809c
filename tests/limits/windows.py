"""How much was admitted in the fullest window."""

from __future__ import annotations

from collections.abc import Sequence


def fullest(admitted: Sequence[tuple[float, int]], seconds: float) -> int:
    """Return the most units in any window of that length; `admitted` are moments and units."""
    ordered = sorted(admitted)
    best = held = first = 0
    for moment, units in ordered:
        held += units
        while ordered[first][0] <= moment - seconds:
            held -= ordered[first][1]
            first += 1
        best = max(best, held)
    return best
