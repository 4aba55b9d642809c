"""Comparisons in the database that are exact on every engine, whatever its columns can store."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from django.db.models import Q

from walletsvc.db import dialect
from walletsvc.moments import Moment

_NOTHING = Q(pk__in=())


def compare(column: str, lookup: str, operand: Decimal) -> Q:
    """Return the condition that the amount in `column` is `exact`, `gt`, `gte`, `lt` or `lte` the operand.

    SQLite would compare 8-byte reals, and 0.30000000000000001 is the same real as 0.3. An operand with more digits
    than the engine stores equals no stored amount, so the next storable one on either side serves as well.
    """
    digits = dialect.exact_digits()
    below = Context(prec=digits, rounding=ROUND_FLOOR).plus(operand)
    if below == operand:
        return Q(**{f"{column}__{lookup}": operand})
    if lookup in ("lt", "lte"):
        return Q(**{f"{column}__lte": below})
    if lookup in ("gt", "gte"):
        return Q(**{f"{column}__gte": Context(prec=digits, rounding=ROUND_CEILING).plus(operand)})
    return _NOTHING


def compare_moment(column: str, lookup: str, operand: Moment) -> Q:
    """Return the condition that the moment in `column` is `gt`, `gte`, `lt` or `lte` the operand."""
    if not operand.whole:
        # It lies between two moments that a column can store; `operand` has the earlier one.
        lookup = "gt" if lookup in ("gt", "gte") else "lte"
    return Q(**{f"{column}__{lookup}": operand.at})
