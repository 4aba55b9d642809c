"""The ids of records as texts: each has one spelling, and every other text is nobody's."""

from __future__ import annotations

import re

MAX_ID = 2**63 - 1

_CANONICAL = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)


def read_id(text: str) -> int | None:
    """Return the id in its decimal digits, or None for a text that no record has as its id.

    `01` and `+1` are other texts than `1`, and so are digits that are not ASCII. What is longer than any id is not
    turned into a number at all.
    """
    identifier = int(text) if _CANONICAL.fullmatch(text) else None
    return identifier if identifier is not None and identifier <= MAX_ID else None
