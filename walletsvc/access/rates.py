"""Rates such as `6000/minute`: how many units a caller may use, and in which time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import limits

from walletsvc import errors

BLOCKS = 100
"""A process takes about this part of a rate at once (`access.leases`)."""
MAX_AMOUNT = 10**9
MAX_SECONDS = 86_400
MAX_TEXT = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `amount` units in each window of `seconds`, counted in blocks."""

    amount: int
    seconds: int
    text: str
    block: int = field(init=False, compare=False)
    blocks: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        block = max(1, self.amount // BLOCKS)
        object.__setattr__(self, "block", block)
        object.__setattr__(self, "blocks", self.amount // block)


@lru_cache(maxsize=1024)
def parse_rate(text: str) -> Rate:
    """Return the rate in a text such as `6000/minute`, `100/second` or `500 per 10 seconds`. Raises `Invalid`."""
    try:
        if len(text) > MAX_TEXT:
            raise ValueError
        [item] = limits.parse_many(text)
        if not 1 <= item.amount <= MAX_AMOUNT or item.get_expiry() > MAX_SECONDS:
            raise ValueError
    except ValueError:
        message = (
            f"{text[:MAX_TEXT]!r} is no limit such as 6000/minute, 100/second or 500/10 seconds, in a day at most."
        )
        raise errors.Invalid(message, field="limit") from None
    unit = item.GRANULARITY.name if item.multiples == 1 else f"{item.multiples} {item.GRANULARITY.name}s"
    return Rate(item.amount, item.get_expiry(), f"{item.amount}/{unit}")
