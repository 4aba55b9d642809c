"""Moments as text (RFC 3339), without loss of precision."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from walletsvc import errors

_GRAMMAR = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])"
    r"[Tt](?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)(?:\.(?P<fraction>[0-9]+))?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<hours>[01][0-9]|2[0-3]):(?P<minutes>[0-5][0-9]))"
)
"""`date-time` of RFC 3339, section 5.6."""
_MICROSECOND_DIGITS = 6


class Moment(NamedTuple):
    """A moment in UTC to the microsecond, as in columns. If not `whole`, it lies within that microsecond."""

    at: datetime
    whole: bool


def parse_moment(text: str, *, field: str | None = None) -> Moment:
    """Return the moment in `text`: 2026-01-31T12:00:00Z, with any fraction of a second and any offset.

    A leap second is allowed only at the end of a month in UTC, and equals the second after it (as in POSIX time).
    Raises `Invalid` for a text that is not RFC 3339, or beyond the years 1 to 9999 of UTC.
    """
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise errors.Invalid("A moment must have the form of RFC 3339: 2026-01-31T12:00:00Z.", field=field)
    leaps = found["second"] == "60"
    fraction = found["fraction"] or ""
    offset = timedelta(hours=int(found["hours"] or 0), minutes=int(found["minutes"] or 0))
    try:
        at = datetime(
            int(found["year"]),
            int(found["month"]),
            int(found["day"]),
            int(found["hour"]),
            int(found["minute"]),
            59 if leaps else int(found["second"]),
            int(fraction[:_MICROSECOND_DIGITS].ljust(_MICROSECOND_DIGITS, "0")),
            tzinfo=UTC,
        )
        at = at + offset if found["sign"] == "-" else at - offset
        if leaps:
            at += timedelta(seconds=1)
    except (ValueError, OverflowError) as error:
        raise errors.Invalid("There is no such moment in the years 1 to 9999.", field=field) from error
    if leaps and (at.day, at.hour, at.minute, at.second) != (1, 0, 0, 0):
        raise errors.Invalid("A leap second must be the last second of a month in UTC.", field=field)
    return Moment(at, not fraction[_MICROSECOND_DIGITS:].strip("0"))
