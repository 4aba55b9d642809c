"""Moments are what RFC 3339 says they are: its grammar spelled out, its arithmetic done in integers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from walletsvc.errors import Invalid
from walletsvc.moments import Moment, parse_moment

pytestmark = pytest.mark.without_engine

EPOCH = datetime(1, 1, 1, tzinfo=UTC)
DIGITS = "0123456789"
LAST = 3_652_059 * 86_400
"""The seconds of the years 1 to 9999."""


def days_of(month: int, year: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return {2: 29 if leap else 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(month, 31)


def read(text: str) -> tuple[int, str] | None:
    """Return the seconds since the beginning of the year 1 in UTC, and the digits of the fraction; or None.

    Goes through `date-time` of RFC 3339, section 5.6, a character at a time.
    """
    rest = text

    def number(size: int) -> int:
        nonlocal rest
        taken, rest = rest[:size], rest[size:]
        if len(taken) != size or any(character not in DIGITS for character in taken):
            raise ValueError
        return int(taken)

    def one_of(characters: str) -> str:
        nonlocal rest
        if not rest or rest[0] not in characters:
            raise ValueError
        taken, rest = rest[0], rest[1:]
        return taken

    try:
        year, _, month, _, day = number(4), one_of("-"), number(2), one_of("-"), number(2)
        one_of("Tt")
        hour, _, minute, _, second = number(2), one_of(":"), number(2), one_of(":"), number(2)
        fraction = ""
        if rest[:1] == ".":
            one_of(".")
            fraction += one_of(DIGITS)
            while rest[:1] and rest[0] in DIGITS:
                fraction += one_of(DIGITS)
        sign, hours, minutes = one_of("Zz+-"), 0, 0
        if sign in "+-":
            hours, _, minutes = number(2), one_of(":"), number(2)
    except ValueError:
        return None
    fits = 1 <= month <= 12 and 1 <= day <= days_of(month, year) and hour < 24 and minute < 60 and second < 61
    if rest or not fits or year == 0 or hours > 23 or minutes > 59:
        return None
    years, months = year - 1, sum(days_of(each, year) for each in range(1, month))
    days = years * 365 + years // 4 - years // 100 + years // 400 + months + day - 1
    offset = (hours * 60 + minutes) * 60 * (-1 if sign == "-" else 1)
    seconds = days * 86_400 + hour * 3_600 + minute * 60 + second - offset
    if not 0 <= seconds < LAST:
        return None
    at = EPOCH + timedelta(seconds=seconds)
    if second == 60 and (at.day, at.hour, at.minute, at.second) != (1, 0, 0, 0):
        return None
    return seconds, fraction


def two(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map("{:02}".format)


OFFSETS = st.sampled_from(["Z", "z", "+00:00", "-00:00", "+23:59", "-23:59", "-08:00", "+14:00", "+24:00", "+01"])
TEXTS = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.one_of(st.integers(0, 9999), st.sampled_from([0, 1, 1900, 2000, 9999])).map("{:04}".format),
    two(0, 13),
    two(0, 32) | st.sampled_from(["30", "31"]),
    st.sampled_from("TTTTt \u2060"),
    two(0, 24) | st.just("23"),
    two(0, 60) | st.just("59"),
    two(0, 61) | st.just("60"),
    st.just("") | st.text(DIGITS, max_size=12).map(".{}".format),
    OFFSETS,
)
MUTATED = st.builds(
    lambda text, place, character, cut: text[:place] + character + text[place + cut :],
    TEXTS,
    st.integers(0, 26),
    st.sampled_from(["", "\0", " ", "\n", "0", "+", ":", "٣", "😀", "Z", "T"]),
    st.integers(0, 2),
)


@given(TEXTS | MUTATED)
@example("2016-12-31T23:59:60Z")
@example("1990-12-31T15:59:60-08:00")
@example("2017-01-01T00:59:60.5+01:00")
@example("2016-12-30T23:59:60Z")
@example("9999-12-31T23:59:60Z")
@example("9999-12-31T23:59:59.999999999Z")
@example("9999-12-31T23:59:59-00:01")
@example("0001-01-01T00:00:00+00:01")
@example("0000-12-31T23:59:59-01:00")
@example("2026-11-26T05:00:00Z\0junk")
@example("2026-11-26😀05:00:00Z")
@example("2026-11-26T05:00:00Z\n")
@example("2026-11-26T05:00:00.Z")
@example("2026-11-26T05:00:00")
@example("2026-11-26")
@example("20261126T050000Z")
@example("2026-W48-4T05:00:00Z")
@example("2026-11-26T05:00:00,5Z")
@example("2026-11-26T24:00:00Z")
@example("٢٠٢٦-11-26T05:00:00Z")
@example("")
def test_a_moment_is_read_as_the_grammar_says(text: str) -> None:
    expected = read(text)
    if expected is None:
        with pytest.raises(Invalid):
            parse_moment(text)
        return
    seconds, fraction = expected
    nanos = int(fraction.ljust(12, "0")[:12] or 0)
    at = EPOCH + timedelta(days=seconds // 86_400, seconds=seconds % 86_400, microseconds=nanos // 10**6)
    assert parse_moment(text) == Moment(at, whole=nanos % 10**6 == 0)


def test_a_long_fraction_takes_no_time_and_loses_nothing() -> None:
    moment = Moment(datetime(2026, 1, 31, 12, tzinfo=UTC), whole=True)
    assert parse_moment(f"2026-01-31T12:00:00.{'0' * 100_000}Z") == moment
    assert parse_moment(f"2026-01-31T12:00:00.{'0' * 100_000}1Z") == moment._replace(whole=False)
