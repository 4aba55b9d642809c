"""Pages by number far from the beginning are those that plain Python cuts from all rows, whoever writes meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.queries.questions import ask
from tests.queries.test_rows_read import watched
from tests.writes import delete_transaction, open_wallet, post_transaction
from walletsvc.db.statements import Asked, answer
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries import engine, far_pages
from walletsvc.queries.questions import NumberedPage

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
ALICE = Principal("alice", frozenset({"admin"}), owner="")
MODELS: dict[str, Any] = {"Transaction": Transaction, "Entry": Entry}


@pytest.fixture(autouse=True)
def wallets(monkeypatch: pytest.MonkeyPatch) -> list[Wallet]:
    """Make 23 transactions, of which many share each amount and each moment, in two wallets; and take one away."""
    monkeypatch.setattr(engine, "FAR", 1)
    wallets = [open_wallet(principal=ANYONE, label=label, balance="100", clock=lambda: NOON) for label in "AB"]
    for number in range(23):
        post(wallets[number % 5 // 4], number)
    delete_transaction(principal=ANYONE, transaction_id=Transaction.objects.order_by("id")[5].id)
    return wallets


def post(wallet: Wallet, number: int) -> None:
    moment = NOON + timedelta(seconds=number // 4)
    values: dict[str, Any] = {
        "txid": f"T{number * 7 % 23 + number // 23}",
        "wallet_id": wallet.id,
        "amount": str(1 + number % 3),
    }
    post_transaction(principal=ANYONE, clock=lambda: moment, **values)


@pytest.mark.parametrize("principal", [ANYONE, ALICE], ids=["everything", "an owner's"])
@pytest.mark.parametrize("size", [1, 4, 7, 100])
@pytest.mark.parametrize(
    ("resource", "order"),
    [
        ("Transaction", order)
        for order in ("id", "-id", "amount", "-amount", "createdAt", "-createdAt", "txid", "-txid")
    ]
    + [("Entry", order) for order in ("id", "-sequence")],
)
def test_each_page_has_its_records(
    resource: str, order: str, size: int, principal: Principal, wallets: list[Wallet]
) -> None:
    column = {"createdAt": "created_at"}.get(order.removeprefix("-"), order.removeprefix("-"))
    for filters in ((), (("wallet", str(wallets[0].id)),)):
        if resource == "Entry" and not filters:
            continue
        found = MODELS[resource].objects.filter(**({"wallet_id": wallets[0].id} if filters else {}))
        expected = sorted(found, key=lambda row: (getattr(row, column), row.id), reverse=order.startswith("-"))
        for number in range(1, len(expected) // size + 3):
            page = NumberedPage(number, size)
            answer = ask(resource, principal=principal, order=(order,), filters=filters, page=page, count=True)
            start = (number - 1) * size
            assert [each.id for each in answer.records] == [row.id for row in expected[start : start + size]]
            assert (answer.count, answer.has_previous) == (len(expected), start > 0)
            assert answer.has_next == (start + size < len(expected))


def after_each(monkeypatch: pytest.MonkeyPatch, write: Callable[[], None]) -> None:
    """Let somebody write after the number of all has been read, before the page is."""

    def answer_and_write(asked: Asked[Any]) -> Any:
        found = answer(asked)
        write()
        return found

    monkeypatch.setattr(far_pages, "answer", answer_and_write)


def test_a_page_is_that_of_the_number_beside_it(monkeypatch: pytest.MonkeyPatch, wallets: list[Wallet]) -> None:
    after_each(monkeypatch, lambda: post(wallets[0], 23 * 23 + 1))
    page = ask("Transaction", page=NumberedPage(6, 4), count=True)
    expected = list(Transaction.objects.order_by("id").values_list("id", flat=True))
    assert (page.count, len(expected)) == (23, 23)
    assert [each.id for each in page.records] == expected[20:24]


def test_a_number_that_is_wrong_is_told_by_the_rows(monkeypatch: pytest.MonkeyPatch, wallets: list[Wallet]) -> None:
    Wallet.objects.filter(id=wallets[0].id).update(transaction_count=1_000)
    filters = (("wallet", str(wallets[0].id)),)
    expected = list(Transaction.objects.filter(wallet_id=wallets[0].id).order_by("id").values_list("id", flat=True))
    assert ask("Transaction", filters=filters, page=NumberedPage(600, 1), count=True).records == []
    page = ask("Transaction", filters=filters, page=NumberedPage(2, 4), count=True)
    assert [each.id for each in page.records] == expected[4:8]


def test_the_last_page_reads_only_its_rows(wallets: list[Wallet]) -> None:
    with watched() as steps:
        ask("Transaction", page=NumberedPage(1, 2), order=("amount",), count=True)
    with watched() as last:
        ask("Transaction", page=NumberedPage(11, 2), order=("amount",), count=True)
    # The number of all is asked twice.
    assert last.taken <= 2 * steps.taken
