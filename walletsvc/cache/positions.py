"""The positions of writes in the binary log of the database, as stamps carry them.

A replica that has a position has every write that was committed before it. A stamp, or a mark, is `name@position`;
without one, it is not known which writes it stands for. The script in `cache.redis` does the same as `settled`.
"""

from __future__ import annotations

import re
from functools import reduce

from walletsvc.cache.store import MARK

UNKNOWN = b""
_SEPARATOR = b"@"
_GTID = re.compile(rb"([0-9]+)-[0-9]+-([0-9]+)")
"""Domain, server and number (https://mariadb.com/kb/en/gtid/). Numbers of one domain rise with each COMMIT."""


def position_of(stamps: bytes | None) -> str:
    """Return the position that has all writes that joined `stamps` stand for; empty if it is not known."""
    if not stamps:
        return ""
    noted = [each.partition(_SEPARATOR)[2] for each in stamps.split(b" ")]
    # Compared with itself, a position that cannot be read is unknown too.
    return reduce(later, noted, noted[0]).decode()


def later(one: bytes, other: bytes) -> bytes:
    """Return the later of two positions; `UNKNOWN` if either is, or if they are of different domains."""
    first, second = _GTID.fullmatch(one), _GTID.fullmatch(other)
    if first is None or second is None or first[1] != second[1]:
        return UNKNOWN
    return one if int(first[2]) >= int(second[2]) else other


def settled(current: bytes | None, *, mark: bytes, token: bytes, position: bytes) -> tuple[bytes, bool]:
    """Return what a writer leaves of the `current` stamp or mark, and whether it is its own `token`.

    Another writer's mark stays. It gets our position noted: that writer may have committed before us, and no reader
    of its stamp may get less than we have acknowledged.
    """
    if current is None:
        # Of the writes before, nothing is known any more.
        return token, True
    name, has_noted, noted = current.partition(_SEPARATOR)
    if name.startswith(MARK):
        # What was settled before a mark was set is earlier than what its writer commits.
        known = later(noted, position) if has_noted else position
        return (_join(token, known), True) if name == mark else (name + _SEPARATOR + known, False)
    return _join(token, later(noted, position)), True


def _join(token: bytes, position: bytes) -> bytes:
    return token + _SEPARATOR + position if position else token
