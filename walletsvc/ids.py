"""Ids of records as text: each id has exactly one spelling."""

from __future__ import annotations

import re

MAX_ID = 2**63 - 1
NO_ID = 0
"""An id that no record has."""

_CANONICAL = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)


def read_id(text: str) -> int | None:
    """Return the id in its decimal digits, or None for a text that cannot be an id.

    `01`, `+1` and non-ASCII digits are not ids. A text longer than any id is not converted to a number at all.
    """
    identifier = int(text) if _CANONICAL.fullmatch(text) else None
    return identifier if identifier is not None and identifier <= MAX_ID else None
