"""Recently verified callers, in the memory of this process.

Never in Redis: no decision depends on the cache. Entries are short-lived, so a revoked key is refused everywhere
within KEY_SECONDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from walletsvc.bounded import ENTRY_BYTES, BoundedTable
from walletsvc.principals import Principal

KEY_SECONDS = 5.0
"""How long a key counts as valid, or unknown, without another query."""
TOKEN_SECONDS = 60.0
"""How long a token counts as valid without being decoded again, unless it ends before."""
MAX_CALLERS = 4_096
_SIZE = 512
"""The size of an entry in bytes: most share their scopes."""


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal | None
    until: float


class Verified:
    """Remembers callers by the SHA-256 of their credentials. Refused ones have a table of their own: a flood of them
    pushes out no good caller.

    `clock` returns seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._good = _table()
        self._refused = _table()

    def get(self, digest: bytes) -> Principal | None:
        """Return the caller with these credentials, if it is still remembered."""
        known = self._good.get(digest)
        return known.principal if known is not None and self._clock() < known.until else None

    def was_good(self, digest: bytes) -> bool:
        """Tell whether these credentials were good when they were last looked at, if that is remembered."""
        known = self._good.get(digest)
        return known is not None and known.principal is not None

    def is_refused(self, digest: bytes) -> bool:
        """Tell whether these credentials have just been refused."""
        known = self._refused.get(digest)
        return known is not None and self._clock() < known.until

    def remember(self, digest: bytes, principal: Principal, *, seconds: float) -> None:
        """Remember the caller for a while."""
        self._good.put(digest, _Known(principal, self._clock() + seconds), size=_SIZE)

    def refuse(self, digest: bytes) -> None:
        """Remember that these credentials are invalid, and forget their caller."""
        if self._good.get(digest) is not None:
            self._good.put(digest, _Known(None, 0.0), size=_SIZE)
        self._refused.put(digest, _Known(None, self._clock() + KEY_SECONDS), size=_SIZE)

    def clear(self) -> None:
        """Forget all callers."""
        self._good.clear()
        self._refused.clear()


def _table() -> BoundedTable[bytes, _Known]:
    size = _SIZE + ENTRY_BYTES
    return BoundedTable(max_bytes=MAX_CALLERS * size, max_entry_bytes=size)
