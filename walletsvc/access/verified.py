"""Who has been verified lately, in the memory of this process.

It is never kept in Redis: the cache decides nothing. Entries are short-lived, so a revoked key is refused everywhere
within KEY_SECONDS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from walletsvc.bounded import ENTRY_BYTES, BoundedTable
from walletsvc.principals import Principal

KEY_SECONDS = 5.0
"""How long a key is good, or unknown, without another look at the database."""
TOKEN_SECONDS = 60.0
"""How long a token is good without being decoded again, if it does not end before."""
MAX_CALLERS = 4_096
_SIZE = 512
"""What one of them is counted as, in bytes: scopes are shared by most."""


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
        """Return who is known by these credentials, if they still count."""
        known = self._good.get(digest)
        return known.principal if known is not None and self._clock() < known.until else None

    def is_refused(self, digest: bytes) -> bool:
        """Tell whether these credentials have just been refused."""
        known = self._refused.get(digest)
        return known is not None and self._clock() < known.until

    def remember(self, digest: bytes, principal: Principal, *, seconds: float) -> None:
        """Let the caller be known for a while."""
        self._good.put(digest, _Known(principal, self._clock() + seconds), size=_SIZE)

    def refuse(self, digest: bytes) -> None:
        """Remember that these credentials are not good, and forget that they ever were."""
        if self._good.get(digest) is not None:
            self._good.put(digest, _Known(None, 0.0), size=_SIZE)
        self._refused.put(digest, _Known(None, self._clock() + KEY_SECONDS), size=_SIZE)

    def clear(self) -> None:
        """Forget everybody."""
        self._good.clear()
        self._refused.clear()


def _table() -> BoundedTable[bytes, _Known]:
    size = _SIZE + ENTRY_BYTES
    return BoundedTable(max_bytes=MAX_CALLERS * size, max_entry_bytes=size)
