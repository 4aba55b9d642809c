"""Conditions as callers send them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from walletsvc import errors
from walletsvc.commands.conditions import parse_conditions
from walletsvc.ledger.conditions import Conditions
from walletsvc.money import JsonNumber

pytestmark = pytest.mark.without_engine

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "parsed"),
    [
        (None, None),
        ({}, None),
        ({"sequence": None, "balance": {}, "available": {"gte": None}, "notAfter": None}, None),
        ({"sequence": 0}, Conditions(sequence=0)),
        ({"sequence": 2**63 - 1}, Conditions(sequence=2**63 - 1)),
        (
            {"balance": {"gt": "1", "gte": "1.50", "lt": JsonNumber("9.5"), "lte": 10, "eq": "-3"}},
            Conditions(
                balance={
                    "gt": Decimal(1),
                    "gte": Decimal("1.5"),
                    "lt": Decimal("9.5"),
                    "lte": Decimal(10),
                    "eq": Decimal(-3),
                }
            ),
        ),
        ({"available": {"gte": "0"}}, Conditions(available={"gte": Decimal(0)})),
        ({"notAfter": "2026-01-31T12:00:00Z"}, Conditions(not_after=NOON)),
        ({"notAfter": "2026-01-31T13:00:00.0000009+01:00"}, Conditions(not_after=NOON)),
    ],
)
def test_conditions_are_parsed(sent: object, parsed: Conditions | None) -> None:
    assert parse_conditions(sent) == parsed


@pytest.mark.parametrize(
    ("sent", "refusals"),
    [
        ([], [("invalid", "c")]),
        ("sequence", [("invalid", "c")]),
        ({"Sequence": 1}, [("invalid", "c")]),
        ({"sequence": -1}, [("invalid", "c.sequence")]),
        ({"sequence": True}, [("invalid", "c.sequence")]),
        ({"sequence": "1"}, [("invalid", "c.sequence")]),
        ({"sequence": 2**63}, [("invalid", "c.sequence")]),
        ({"balance": "5"}, [("invalid", "c.balance")]),
        ({"balance": {"exact": "5"}}, [("invalid", "c.balance")]),
        ({"available": {"eq": "1e5"}}, [("invalid_amount", "c.available.eq")]),
        ({"available": {"lt": True}}, [("invalid_amount", "c.available.lt")]),
        ({"notAfter": 5}, [("invalid", "c.not_after")]),
        ({"notAfter": "2026-01-31"}, [("invalid", "c.not_after")]),
        (
            {"sequence": "x", "balance": {"gt": "x", "lt": "9" * 30}, "notAfter": "x", "y": 1},
            [
                ("invalid", "c"),
                ("invalid", "c.sequence"),
                ("invalid_amount", "c.balance.gt"),
                ("out_of_range", "c.balance.lt"),
                ("invalid", "c.not_after"),
            ],
        ),
    ],
)
def test_all_that_is_wrong_is_refused_at_once(sent: object, refusals: list[tuple[str, str]]) -> None:
    with pytest.raises(errors.WalletError) as caught:
        parse_conditions(sent, field="c")
    assert [(each.code, each.field) for each in caught.value.each()] == refusals
