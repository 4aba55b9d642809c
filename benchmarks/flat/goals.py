"""The goals of flat lists: no list takes longer because there are more rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.flat.data import DEEP, SMALL, SPREAD
from benchmarks.flat.measure import Measured
from benchmarks.flat.nested import ALL, ENTRIES, NESTED, OF_OWNER
from benchmarks.harness.goals import Goal

MOST_MS = 10.0
"""In the database: of a list, and of a level of a nested one, which is a statement."""
_MOST_GROWTH = 1.5
_LEAST_OF_OWNER = 0.9

Asked = Mapping[tuple[str, str], Measured]
"""What was measured, by the name of the database and the question."""


def judge(asked: Asked, lists: Sequence[Measured]) -> Iterator[Goal]:
    """Yield each goal with its result. A question that was refused has no figure, and its goal does not hold."""
    for question in NESTED:
        yield _at_most(f"{question}: time with 10 wallets to 1,000", asked, (DEEP, question), (SPREAD, question))
        slowest = [asked[name, question] for name in (SPREAD, DEEP)]
        yield _below(f"{question}: slowest level, ms", [each.slowest for each in slowest], slowest)
    every, *of_wallet = ENTRIES
    yield _at_most(f"{every}: time at 1,000,000 to 10,000", asked, (SPREAD, every), (SMALL, every))
    # The small one has fewer of a wallet and of an owner than a page shows.
    for question in of_wallet:
        yield _at_most(f"{question}: time with 100,000 to 1,000", asked, (DEEP, question), (SPREAD, question))
    name = f"{OF_OWNER}: time with 1,000 wallets to one"
    yield _at_most(name, asked, (SPREAD, OF_OWNER), (DEEP, OF_OWNER))
    ratio = _ratio(asked[SPREAD, ALL], asked[SPREAD, OF_OWNER])
    holds = ratio is not None and ratio >= _LEAST_OF_OWNER
    yield Goal(f"{OF_OWNER}: to {ALL}", f"≥ {_LEAST_OF_OWNER:g} x", ratio, holds)
    if lists:
        answered = [each for each in lists if not each.refusal]
        slow = sum(each.milliseconds > MOST_MS for each in answered)
        yield Goal(f"{len(answered):,} lists that are answered: in more than {MOST_MS:g} ms", "0", slow, slow == 0)


def _at_most(name: str, asked: Asked, large: tuple[str, str], small: tuple[str, str]) -> Goal:
    ratio = _ratio(asked[large], asked[small])
    return Goal(name, f"≤ {_MOST_GROWTH:g} x", ratio, ratio is not None and ratio <= _MOST_GROWTH)


def _below(name: str, milliseconds: Sequence[float], found: Sequence[Measured]) -> Goal:
    measured = None if any(each.refusal for each in found) else max(milliseconds)
    return Goal(name, f"≤ {MOST_MS:g} ms", measured, measured is not None and measured <= MOST_MS)


def _ratio(one: Measured, other: Measured) -> float | None:
    if one.refusal or other.refusal or not other.milliseconds:
        return None
    return one.milliseconds / other.milliseconds
