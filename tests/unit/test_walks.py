"""The order and the index that the read engine walks through a list with."""

from __future__ import annotations

from typing import Any

import pytest

from walletsvc.db import dialect
from walletsvc.queries import lists, ways
from walletsvc.queries.questions import CursorPage, NumberedPage, Order, Question, parse_order
from walletsvc.schema.resources import RESOURCES, WALLET

pytestmark = pytest.mark.without_engine

PLAIN = CursorPage(3)
AFTER, BEFORE = CursorPage(3, after="c"), CursorPage(3, before="c")
AMOUNT, RANGE, OF_WALLET = ("amount", "1"), ("amount.gt", "1"), ("wallet", "7")


@pytest.fixture
def hints(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Have the index of each hint noted, whether it is forced, and whether rows are filtered out."""
    noted: list[tuple[Any, ...]] = []

    def note(index: str | None, *, is_forced: bool, filtered: bool) -> str:
        noted.append((index, is_forced, filtered))
        return " HINT"

    monkeypatch.setattr(dialect, "walk_hint", note)
    return noted


@pytest.mark.parametrize(
    ("key", "order", "filters", "page", "hint"),
    [
        ("wallet_id", "id", (OF_WALLET,), PLAIN, ("transaction_wallet", False, False)),
        ("wallet_id", "-amount", (), PLAIN, ("transaction_wallet_amount", False, False)),
        ("wallet_id", "id", (), AFTER, ("transaction_wallet", True, False)),
        ("wallet_id", "id", (), BEFORE, ("transaction_wallet", True, False)),
        ("wallet_id", "id", (), NumberedPage(2), ("transaction_wallet", False, False)),
        # The rows of one value are in the order of ids; those of a range need another index.
        ("wallet_id", "id", (AMOUNT,), PLAIN, (None, False, True)),
        ("wallet_id", "id", (OF_WALLET, RANGE), PLAIN, ("transaction_wallet", False, True)),
        ("wallet_id", "id", (RANGE, AMOUNT), PLAIN, (None, False, True)),
        ("owner", "id", (), PLAIN, ("transaction_owner", True, False)),
        ("owner", "id", (RANGE,), PLAIN, ("transaction_owner", False, True)),
        ("owner", "id", (RANGE,), AFTER, ("transaction_owner", True, True)),
        ("owner", "txid", (), NumberedPage(), ("transaction_owner_txid_unique", True, False)),
    ],
)
def test_a_walk_through_one_parents_rows_names_its_index(
    hints: list[tuple[Any, ...]],
    key: str,
    order: str,
    filters: tuple[tuple[str, str], ...],
    page: CursorPage | NumberedPage,
    hint: tuple[Any, ...],
) -> None:
    question = Question("Transaction", filters=filters, page=page)
    assert ways.hint_for(question, key, parse_order(RESOURCES["Transaction"], (order,))) == " HINT"
    assert hints == [hint]


def test_a_walk_through_all_rows_needs_no_hint(hints: list[tuple[Any, ...]]) -> None:
    assert ways.hint_for(Question("Transaction", page=AFTER), "", parse_order(RESOURCES["Transaction"], ())) == ""
    assert hints == []


def test_only_a_filter_by_a_relation_selects_a_parent() -> None:
    assert ways.parent_key(Question("Transaction", filters=(AMOUNT, OF_WALLET))) == "wallet_id"
    assert ways.parent_key(Question("Entry", filters=(("transaction", "7"),))) == "transaction_id"
    assert ways.parent_key(Question("Transaction", filters=(AMOUNT,))) == ""
    assert ways.parent_key(Question("Wallet")) == ""


def test_an_owners_order_ends_with_what_is_unique_within_an_owner() -> None:
    def within_owner(*names: str) -> Order:
        return lists.within_owner(parse_order(WALLET, names), WALLET)

    assert within_owner("label", "balance").columns == (("label", False),)
    assert within_owner("-balance", "-label").columns == (("balance", True), ("label", True))
    assert within_owner("currency", "createdAt").columns == (
        ("currency", False),
        ("created_at", False),
        ("id", False),
    )
    assert within_owner().columns == (("id", False),)


def test_what_a_filter_leaves_one_value_of_needs_no_order() -> None:
    def without_constants(order: tuple[str, ...], *filters: tuple[str, str]) -> Order:
        question = Question("Wallet", filters=filters, order=order)
        return ways.without_constants(parse_order(WALLET, order), question)

    assert without_constants(("-currency",), ("currency", "USD")).columns == (("id", True),)
    assert without_constants(("currency", "label"), ("currency", "USD")).columns == (("label", False), ("id", False))
    # A range leaves many.
    assert without_constants(("balance",), ("balance.gte", "1")).columns == (("balance", False), ("id", False))
    assert without_constants(("label",), ("currency", "USD")).columns == (("label", False), ("id", False))


@pytest.mark.parametrize(
    ("filters", "number"),
    [((), 1), ((("label.icontains", "a"),), 1), ((("state", "frozen"),), 1), ((("balance.gte", "1"),), 2)],
)
def test_what_an_index_finds_can_be_sorted_as_well(
    monkeypatch: pytest.MonkeyPatch, filters: tuple[tuple[str, str], ...], number: int
) -> None:
    monkeypatch.setattr(dialect, "vendor", lambda: "mysql")
    question = Question("Wallet", filters=filters, order=("label",))
    found = ways.other_ways(question, "", parse_order(WALLET, question.order))
    assert found == (" FORCE INDEX (wallet_label)", " IGNORE INDEX FOR ORDER BY (wallet_label)")[:number]
    assert ways.other_ways(Question("Wallet"), "", parse_order(WALLET, ())) == ()
