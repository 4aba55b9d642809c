"""Parse the conditions that a caller sets for a change of a wallet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from walletsvc import errors, money
from walletsvc.commands.inputs import Refusals
from walletsvc.ids import MAX_ID
from walletsvc.ledger.conditions import COMPARISONS, Bounds, Conditions
from walletsvc.moments import parse_moment

_MEMBERS = ("sequence", "balance", "available", "notAfter")


def parse_conditions(value: object, *, field: str = "conditions") -> Conditions | None:
    """Return the conditions in `value`, an object with the names that both faces use, or None if it has none.

    `sequence` is an integer, `balance` and `available` are objects of amounts by comparison (gt, gte, lt, lte, eq),
    `notAfter` is a moment (RFC 3339). A member that is null is no condition. Raises all refusals at once; each names
    its member as `conditions.balance.gte`.
    """
    if value is None:
        return None
    refusals = Refusals()
    members = _members(value, _MEMBERS, refusals, field=field)
    found = Conditions(
        sequence=_sequence(members.get("sequence"), refusals, field=f"{field}.sequence"),
        balance=_bounds(members.get("balance"), refusals, field=f"{field}.balance"),
        available=_bounds(members.get("available"), refusals, field=f"{field}.available"),
        not_after=_moment(members.get("notAfter"), refusals, field=f"{field}.not_after"),
    )
    refusals.raise_if_any()
    return None if found == Conditions() else found


def _members(value: object, names: tuple[str, ...], refusals: Refusals, *, field: str) -> Mapping[str, object]:
    """Return the members of an object that are not null."""
    if not isinstance(value, Mapping):
        refusals.add(errors.Invalid(f"It is an object with the members {', '.join(names)}.", field=field))
        return {}
    for name in value:
        if name not in names:
            refusals.add(errors.Invalid(f"There is no condition {str(name)[:64]!r}.", field=field))
    return {name: value[name] for name in names if value.get(name) is not None}


def _sequence(value: object, refusals: Refusals, *, field: str) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_ID:
        refusals.add(errors.Invalid("A sequence is an integer from 0.", field=field))
        return None
    return value


def _bounds(value: object, refusals: Refusals, *, field: str) -> Bounds:
    if value is None:
        return {}
    bounds = {}
    for name, bound in _members(value, tuple(COMPARISONS), refusals, field=field).items():
        with refusals.collect():
            bounds[name] = money.parse_amount(bound, field=f"{field}.{name}")
    return bounds


def _moment(value: object, refusals: Refusals, *, field: str) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str):
        refusals.add(errors.Invalid("A moment must have the form of RFC 3339: 2026-01-31T12:00:00Z.", field=field))
        return None
    with refusals.collect():
        # A moment within a microsecond, which no clock here tells apart, is as good as the beginning of it.
        return parse_moment(value, field=field).at
    return None
