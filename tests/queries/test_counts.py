"""A list reports its number of records, whether the wallets know it or the database counts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.queries.questions import ask
from tests.writes import (
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
)
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.counts import count_by_wallet
from walletsvc.queries.questions import CursorPage, Question, Selection

pytestmark = pytest.mark.django_db

SCOPES = frozenset({"admin"})
ALICE, BOB, NOBODY = (Principal(name, SCOPES, owner=name) for name in ("alice", "bob", "nobody"))


def post(principal: Principal, wallet: Wallet, number: int, amount: str = "1.00") -> Transaction:
    return post_transaction(principal=principal, txid=f"{wallet.label}.{number}", wallet_id=wallet.id, amount=amount)


@pytest.fixture
def wallets() -> list[Wallet]:
    """Make wallets of Alice, Alice and Bob with three, no and two transactions."""
    made = [open_wallet(principal=owner, label=f"W{place}") for place, owner in enumerate((ALICE, ALICE, BOB))]
    for number in range(3):
        post(ALICE, made[0], number)
    for number in range(2):
        post(BOB, made[2], number, "5.00")
    return made


def count(resource: str, *filters: tuple[str, str], principal: Principal = ANYONE) -> Any:
    return ask(resource, filters=filters, principal=principal, count=True).count


def counted(*filters: tuple[str, str], principal: Principal = ANYONE) -> tuple[Any, bool]:
    """Return the number of transactions, and whether the database had to count them."""
    with CaptureQueriesContext(connection) as queries:
        found = count("Transaction", *filters, principal=principal)
    return found, any("COUNT(" in each["sql"] for each in queries.captured_queries)


def test_all_transactions_within_reach_are_added_up(wallets: list[Wallet]) -> None:
    assert counted() == (5, False)
    assert counted(principal=ALICE) == (3, False)
    assert counted(principal=BOB) == (2, False)
    assert counted(principal=NOBODY) == (0, False)


def test_no_wallet_has_no_transactions() -> None:
    found = count("Transaction")
    assert (found, type(found)) == (0, int)


def test_a_wallet_knows_its_own(wallets: list[Wallet]) -> None:
    ids = [str(wallet.id) for wallet in wallets]
    assert [counted(("wallet", each)) for each in ids] == [(3, False), (0, False), (2, False)]
    assert [counted(("wallet", each), principal=BOB) for each in ids] == [(0, False), (0, False), (2, False)]


@pytest.mark.parametrize("value", ["0", "00", "999999999", "9" * 19, "9" * 30])
def test_a_missing_wallet_has_none(value: str, wallets: list[Wallet]) -> None:
    assert counted(("wallet", value)) == (0, False)


def test_an_id_with_leading_zeros_is_not_found(wallets: list[Wallet]) -> None:
    assert counted(("wallet", f"0{wallets[0].id}")) == (0, False)


def test_under_other_filters_the_database_counts(wallets: list[Wallet]) -> None:
    wallet = ("wallet", str(wallets[0].id))
    assert counted(("amount", "1.00")) == (3, True)
    assert counted(("amount", "1.00"), principal=BOB) == (0, True)
    assert counted(wallet, ("amount", "5.00")) == (0, True)
    assert counted(("txid", "W0.1"), wallet) == (1, True)


def related(principal: Principal, *filters: tuple[str, str]) -> tuple[dict[str, Any], bool]:
    """Return the number of each wallet's transactions, and whether the database had to count them."""
    transactions = Question("Transaction", filters=filters, page=CursorPage(1), count=True)
    selection = Selection(frozenset({"label"}), to_many=(("transactions", transactions),))
    with CaptureQueriesContext(connection) as queries:
        page = ask("Wallet", selection=selection, principal=principal)
    found = {each.attributes["label"]: each.many["transactions", ""].count for each in page.records}
    return found, any("COUNT(" in each["sql"] for each in queries.captured_queries)


def test_related_transactions_are_counted_by_their_wallets(wallets: list[Wallet]) -> None:
    assert related(ANYONE) == ({"W0": 3, "W1": 0, "W2": 2}, False)
    assert related(ALICE) == ({"W0": 3, "W1": 0}, False)
    assert related(BOB) == ({"W2": 2}, False)
    assert related(ANYONE, ("amount", "5.00")) == ({"W0": 0, "W1": 0, "W2": 2}, True)


def test_wallets_and_entries_are_counted(wallets: list[Wallet]) -> None:
    assert [count("Wallet", principal=each) for each in (ANYONE, ALICE, BOB, NOBODY)] == [3, 2, 1, 0]
    assert [count("Entry", principal=each) for each in (ANYONE, ALICE, BOB, NOBODY)] == [5, 3, 2, 0]
    assert count("Entry", ("wallet", str(wallets[0].id))) == 3


def test_wallets_are_asked_for_several_at_once(wallets: list[Wallet]) -> None:
    first, second, third = (wallet.id for wallet in wallets)
    everything = [first, second, third, third + 1]
    assert count_by_wallet("Transaction", everything) == {first: 3, second: 0, third: 2}
    assert count_by_wallet("Entry", everything) == {first: 3, second: 0, third: 2, third + 1: 0}
    post(BOB, wallets[2], 2, "-10.00")
    close_wallet(principal=BOB, wallet_id=third)
    assert count_by_wallet("Entry", everything) == {first: 3, second: 0, third: 3, third + 1: 0}
    assert count_by_wallet("Entry", []) == {}


def test_every_kind_of_write_is_counted(wallets: list[Wallet]) -> None:
    first, second, third = wallets

    def check(*expected: int) -> None:
        assert [count("Transaction", ("wallet", str(wallet.id))) for wallet in wallets] == list(expected)
        assert [Transaction.objects.filter(wallet_id=wallet.id).count() for wallet in wallets] == list(expected)
        assert count("Transaction") == sum(expected)

    check(3, 0, 2)
    posted = post(ANYONE, first, 3)
    check(4, 0, 2)
    amend_transaction(principal=ANYONE, transaction_id=posted.id, amount="2.00", description="Amended")
    check(4, 0, 2)
    amend_transaction(principal=ANYONE, transaction_id=posted.id, wallet_id=second.id)
    check(3, 1, 2)
    post_transfer(principal=ANYONE, txid="T", source_id=first.id, destination_id=second.id, amount="2.00")
    check(4, 2, 2)
    delete_transaction(principal=ANYONE, transaction_id=posted.id)
    check(4, 1, 2)
    amend_transaction(
        principal=ANYONE, transaction_id=Transaction.objects.filter(wallet=third).latest("id").id, amount="-5.00"
    )
    assert Wallet.objects.get(id=third.id).balance == 0
    close_wallet(principal=ANYONE, wallet_id=third.id)
    check(4, 1, 0)
