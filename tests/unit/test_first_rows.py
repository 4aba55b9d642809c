"""The first rows of many parents: how many statements read them, and what is kept of what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from walletsvc.models import Transaction
from walletsvc.principals import ANYONE
from walletsvc.queries import first_rows
from walletsvc.queries.first_rows import fetch_first_rows
from walletsvc.queries.questions import Order
from walletsvc.queries.records import Plan, plan_for
from walletsvc.queries.row_sql import Row
from walletsvc.queries.scope import Scope

pytestmark = pytest.mark.without_engine

ROWS = Transaction.objects.all()
OWN = Scope("owner = %s", ("alice",))
BY_ID = Order((("id", False),))
PLAN: Plan = plan_for(ANYONE, "Transaction", frozenset({"txid", "amount", "createdAt"}))


def row(number: int, parent: int, txid: str = "T", amount: str = "1", second: int = 0) -> Row:
    keys = ("wallet_id", "transfer_id", "hold_id", "reversal_of_id")
    assert PLAN.columns == ("id", "currency", "txid", "amount", "created_at", *keys)
    moment = f"2026-01-31 12:00:{second:02}.000000"
    return tuple(each.encode() for each in (str(number), "USD", txid, amount, moment, str(parent), "1", "2", "3"))


class Table:
    """Rows with parents, and the statements that read them. A UNION gives them in any order."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.done: list[Any] = []

    def fetch_any(
        self,
        queryset: object,
        columns: object,
        kinds: object,
        *,
        key: str,
        ids: Sequence[int],
        limit: int,
        **rest: Any,
    ) -> list[Row]:
        assert (queryset, columns, kinds, key) == (ROWS, PLAN.columns, PLAN.kinds, "wallet_id")
        assert rest == {"hint": " HINT FOR FEW", "scope": OWN}
        self.done.append(("any", len(ids), ids[0], limit))
        return [each for each in self.rows if int(each[-4]) in ids][:limit]

    def fetch_each(
        self,
        queryset: object,
        columns: object,
        kinds: object,
        *,
        key: str,
        ids: Sequence[int],
        order: Order,
        limit: int,
        **rest: Any,
    ) -> list[Row]:
        assert (queryset, columns, kinds, key) == (ROWS, PLAN.columns, PLAN.kinds, "wallet_id")
        assert (order, rest) == (BY_ID, {"hint": " HINT", "scope": OWN, "examined": 1000})
        self.done.append(("each", len(ids), ids[0], limit))
        return [
            each for parent in reversed(ids) for each in [row for row in self.rows if int(row[-4]) == parent][:limit]
        ]


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    table = Table()
    monkeypatch.setattr(first_rows, "fetch_rows_of_any", table.fetch_any)
    monkeypatch.setattr(first_rows, "fetch_rows_of_each", table.fetch_each)
    return table


def fetch(ids: Sequence[int], *, walk: Order = BY_ID, limit: int = 2, few: bool = False) -> dict[int, list[int]]:
    """Return the ids of the first rows of each parent."""
    found = fetch_first_rows(
        ROWS,
        PLAN,
        key="wallet_id",
        ids=ids,
        walk=walk,
        limit=limit,
        few=few,
        hints=[" HINT"],
        hint_for_few=" HINT FOR FEW",
        scope=OWN,
        examined=1000,
    )
    return {int(parent): [int(each[0]) for each in rows] for parent, rows in found.items()}


def test_parents_with_many_rows_are_read_apart_up_to_a_hundred_at_once(table: Table) -> None:
    table.rows = [row(1, 1), row(2, 150), row(3, 150), row(4, 150), row(5, 201)]
    assert fetch(range(1, 202)) == {1: [1], 150: [2, 3], 201: [5]}
    assert table.done == [("each", 100, 1, 2), ("each", 100, 101, 2), ("each", 1, 201, 2)]


def test_parents_with_few_rows_are_read_together(table: Table) -> None:
    table.rows = [row(number, 1 + number % 2) for number in range(1, 17)]
    assert fetch([1, 2], few=True) == {1: [2, 4], 2: [1, 3]}
    assert table.done == [("any", 2, 1, 17)]
    # A single one has no company.
    table.done.clear()
    assert fetch([1], few=True) == {1: [2, 4]}
    assert table.done == [("each", 1, 1, 2)]


def test_a_page_may_be_larger_than_what_counts_as_few(table: Table) -> None:
    table.rows = [row(number, 1 + number % 2) for number in range(1, 21)]
    assert fetch([1, 2], few=True, limit=10) == {1: list(range(2, 21, 2)), 2: list(range(1, 21, 2))}
    assert table.done == [("any", 2, 1, 21)]


def test_parents_that_have_many_after_all_are_read_apart(table: Table) -> None:
    table.rows = [row(number, 1) for number in range(1, 18)]
    assert fetch([1, 2], few=True) == {1: [1, 2]}
    assert table.done == [("any", 2, 1, 17), ("each", 2, 1, 2)]


def test_each_five_hundred_parents_are_judged_for_themselves(table: Table) -> None:
    table.rows = [row(number, parent) for parent in (1, 1001) for number in range(1, 4002)]
    table.rows += [row(9000, 501), row(9001, 1000)]
    assert fetch(range(1, 1101), few=True) == {1: [1, 2], 501: [9000], 1000: [9001], 1001: [1, 2]}
    assert table.done[:3] == [("any", 500, 1, 4001), ("any", 500, 501, 4001), ("any", 100, 1001, 801)]
    assert table.done[3:] == [("each", 100, first, 2) for first in (1, 101, 201, 301, 401, 1001)]


@pytest.mark.parametrize(
    ("walk", "expected"),
    [
        ((("id", False),), [9, 10, 11]),
        ((("id", True),), [11, 10, 9]),
        # As a number, 9.5 is less than 10; as a text, it is more. Negative ones are in their order, too.
        ((("amount", False),), [11, 10, 9]),
        ((("amount", True),), [9, 10, 11]),
        ((("txid", False), ("id", False)), [10, 11, 9]),
        ((("txid", True), ("id", False)), [9, 10, 11]),
        ((("txid", False), ("amount", False)), [11, 10, 9]),
        ((("created_at", False), ("id", True)), [11, 9, 10]),
        ((("created_at", True), ("id", True)), [10, 11, 9]),
    ],
)
def test_rows_are_put_in_order(table: Table, walk: tuple[tuple[str, bool], ...], expected: list[int]) -> None:
    table.rows = [
        row(9, 1, "é", "10", second=1),
        row(11, 1, "z", "-1", second=1),
        row(10, 1, "z", "9.5", second=2),
    ]
    assert fetch([1, 2], walk=Order(walk), few=True, limit=3)[1] == expected
    assert fetch([1, 2], walk=Order(walk), few=True, limit=1)[1] == expected[:1]
