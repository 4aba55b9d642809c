"""Reconciliation finds every discrepancy, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from tests.writes import close_wallet, delete_transaction, open_wallet, post_transaction
from walletsvc.commands.execute import execute
from walletsvc.commands.recount import RecountWallet
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, SYSTEM, Principal
from walletsvc.queries.conservation import ranges
from walletsvc.queries.reconciliation import compute_discrepancies

pytestmark = pytest.mark.django_db

ALICE = Principal("k", frozenset({"admin"}), owner="alice")


@pytest.fixture
def wallet() -> Wallet:
    """Return a wallet of 7.00 at sequence 3: opened with 10.00, then +5.00 and -8.00."""
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")
    post_transaction(principal=ANYONE, txid="T1", wallet_id=wallet.id, amount="5")
    post_transaction(principal=ANYONE, txid="T2", wallet_id=wallet.id, amount="-8")
    return wallet


def problems() -> list[tuple[int | None, str | None, str]]:
    """Return what is found, except in the totals of a currency."""
    found = compute_discrepancies(chunk_size=2)
    return [(each.wallet_id, each.label, each.problem) for each in found if each.currency is None]


def append(
    wallet: Wallet,
    *,
    sequence: int,
    amount: int,
    after: int,
    currency: str = "USD",
    transaction: int = 999,
    owner: str = "",
) -> None:
    Entry.objects.create(
        wallet_id=wallet.id,
        sequence=sequence,
        amount=amount,
        balance_after=after,
        currency=currency,
        kind="amend",
        transaction_id=transaction,
        txid="forged",
        principal="nobody",
        owner=owner,
        created_at=timezone.now(),
    )


def test_a_ledger_that_fits_has_no_discrepancies(wallet: Wallet) -> None:
    open_wallet(principal=ANYONE, label="Empty")
    for principal in (ANYONE, ALICE):
        emptied = open_wallet(principal=principal, label="Emptied", balance="3")
        post_transaction(principal=principal, txid="T3", wallet_id=emptied.id, amount="-3")
        close_wallet(principal=principal, wallet_id=emptied.id)
    delete_transaction(principal=ANYONE, transaction_id=Transaction.objects.get(txid="T2").id)
    assert problems() == []


def test_a_changed_balance_is_found(wallet: Wallet) -> None:
    Wallet.objects.filter(id=wallet.id).update(balance="7.01", available="7.01")
    assert problems() == [(wallet.id, "A", "the balance is 7.01, but the entries sum to 7")]


def test_a_changed_sequence_is_found(wallet: Wallet) -> None:
    Wallet.objects.filter(id=wallet.id).update(sequence=4)
    assert problems() == [(wallet.id, "A", "the sequence is 4, but the last entry is 3")]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_changed_transaction_count_is_found(wallet: Wallet, count: int) -> None:
    Wallet.objects.filter(id=wallet.id).update(transaction_count=count)
    assert problems() == [
        (wallet.id, "A", f"the transaction count is {count}, but there are 2 (--recount corrects it)")
    ]


def test_a_transaction_count_without_transactions_is_found() -> None:
    wallet = open_wallet(principal=ANYONE, label="A")
    Wallet.objects.filter(id=wallet.id).update(transaction_count=1)
    assert problems() == [(wallet.id, "A", "the transaction count is 1, but there are 0 (--recount corrects it)")]


def test_a_balance_without_entries_is_found() -> None:
    now = timezone.now()
    wallet = Wallet.objects.create(label="A", currency="USD", balance=5, available=5, created_at=now, updated_at=now)
    assert problems() == [(wallet.id, "A", "it holds 5 at sequence 0 without any entry")]


def test_a_sequence_without_entries_is_found() -> None:
    wallet = open_wallet(principal=ANYONE, label="A")
    Wallet.objects.filter(id=wallet.id).update(sequence=1)
    assert problems() == [(wallet.id, "A", "it holds 0 at sequence 1 without any entry")]


def test_a_gap_is_found(wallet: Wallet) -> None:
    append(wallet, sequence=5, amount=1, after=8, transaction=Transaction.objects.get(txid="T1").id)
    Wallet.objects.filter(id=wallet.id).update(sequence=5, balance=8, available=8)
    Transaction.objects.filter(txid="T1").update(amount=6)
    assert problems() == [(wallet.id, "A", "entry 4 is missing")]


def test_a_broken_chain_is_found_where_it_breaks(wallet: Wallet) -> None:
    append(wallet, sequence=4, amount=1, after=9, transaction=Transaction.objects.get(txid="T1").id)
    append(wallet, sequence=5, amount=1, after=10, transaction=Transaction.objects.get(txid="T1").id)
    Wallet.objects.filter(id=wallet.id).update(sequence=5, balance=10, available=10)
    Transaction.objects.filter(txid="T1").update(amount=7)
    assert problems() == [(wallet.id, "A", "entry 4 says 9, but the sum is 8")]


def test_an_entry_in_another_currency_is_found(wallet: Wallet) -> None:
    Wallet.objects.filter(id=wallet.id).update(currency="EUR")
    assert problems() == [
        *((wallet.id, "A", f"entry {sequence} is in USD, the wallet in EUR") for sequence in (1, 2, 3)),
        *((wallet.id, "A", f"transaction '{txid}' is in USD, the wallet in EUR") for txid in ("T1", "T2")),
    ]


def test_a_changed_amount_is_found(wallet: Wallet) -> None:
    Transaction.objects.filter(txid="T1").update(amount=6)
    assert problems() == [(wallet.id, "A", "transaction 'T1' is of 6, but its entries sum to 5")]


def test_a_transaction_without_entries_is_found(wallet: Wallet) -> None:
    now = timezone.now()
    Transaction.objects.create(txid="T9", wallet=wallet, amount=1, currency="USD", created_at=now, updated_at=now)
    Wallet.objects.filter(id=wallet.id).update(transaction_count=3)
    assert problems() == [
        (wallet.id, "A", "transaction 'T9' is of 1, but its entries sum to 0"),
        (None, None, "the transaction count is 2, but there are 3 (--recount corrects it)"),
    ]


def test_a_transaction_that_vanished_is_found(wallet: Wallet) -> None:
    transaction_id = Transaction.objects.get(txid="T2").id
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM walletsvc_transaction WHERE txid = 'T2'")
    Wallet.objects.filter(id=wallet.id).update(transaction_count=1)
    assert problems() == [
        (wallet.id, "A", f"transaction {transaction_id}, no longer here, left -8 behind"),
        (None, None, "the transaction count is 2, but there are 1 (--recount corrects it)"),
    ]


def test_a_transaction_that_left_money_in_another_wallet_is_found(wallet: Wallet) -> None:
    other = open_wallet(principal=ANYONE, label="B")
    transaction = Transaction.objects.get(txid="T2")
    Transaction.objects.filter(txid="T2").update(wallet_id=other.id)
    assert problems() == [
        (other.id, "B", "transaction 'T2' is of -8, but its entries sum to 0"),
        (wallet.id, "A", f"transaction {transaction.id}, no longer here, left -8 behind"),
        (wallet.id, "A", "the transaction count is 2, but there are 1 (--recount corrects it)"),
        (other.id, "B", "the transaction count is 0, but there are 1 (--recount corrects it)"),
    ]


def test_money_left_in_a_wallet_that_vanished_is_found() -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="10")
    Wallet.objects.filter(id=wallet.id).update(balance=0, available=0)
    Wallet.objects.filter(id=wallet.id).delete()
    assert problems() == [(wallet.id, None, "the balance is 0, but the entries sum to 10")]


def test_rows_of_another_owner_than_their_wallet_are_found_in_order() -> None:
    wallets = [open_wallet(principal=ALICE, label=f"W{number}", balance="10") for number in range(2)]
    for number, (place, owner) in enumerate([(1, "eve"), (0, "eve"), (1, ""), (0, "bob"), (1, "eve"), (1, "alice")]):
        post_transaction(principal=ALICE, txid=f"T{number}", wallet_id=wallets[place].id, amount="1")
        Transaction.objects.filter(txid=f"T{number}").update(owner=owner)
    first, second = (wallet.id for wallet in wallets)
    assert problems() == [
        (first, "W0", "1 transactions are of the owner 'bob'"),
        (first, "W0", "1 transactions are of the owner 'eve'"),
        (second, "W1", "1 transactions are without an owner (setup_database sets the wallet's owner)"),
        (second, "W1", "2 transactions are of the owner 'eve'"),
    ]


def test_an_entry_of_another_owner_is_found(wallet: Wallet) -> None:
    transaction = Transaction.objects.get(txid="T1").id
    append(wallet, sequence=4, amount=1, after=8, transaction=transaction, owner="bob")
    Wallet.objects.filter(id=wallet.id).update(sequence=4, balance=8, available=8)
    Transaction.objects.filter(txid="T1").update(amount=6)
    assert problems() == [(wallet.id, "A", "1 entries are of the owner 'bob'")]


def test_sums_are_exact() -> None:
    """Ten times a tenth is one, which it is not where a database adds floats."""
    wallet = open_wallet(principal=ANYONE, label="A")
    for number in range(10):
        post_transaction(principal=ANYONE, txid=f"T{number}", wallet_id=wallet.id, amount="0.1")
    assert Wallet.objects.get().balance == Decimal(1)
    assert problems() == []


@pytest.mark.parametrize(("balance", "held", "floor"), [("7", "0", "0.01"), ("7", "0", "-0.01")])
def test_what_is_said_to_be_available_is_compared(wallet: Wallet, balance: str, held: str, floor: str) -> None:
    Wallet.objects.filter(id=wallet.id).update(floor=floor)
    left = Decimal(balance) - Decimal(held) - Decimal(floor)
    assert problems() == [
        (wallet.id, "A", f"7 is said to be available, but {left} is (--recount corrects it)"),
    ]
    assert execute(RecountWallet(wallet=wallet.id), by=SYSTEM) is True
    assert execute(RecountWallet(wallet=wallet.id), by=SYSTEM) is False
    assert problems() == []


def test_what_is_held_without_an_entry_is_found(wallet: Wallet) -> None:
    Wallet.objects.filter(id=wallet.id).update(held="2", available="5")
    assert problems() == [
        (wallet.id, "A", "2 is held, but the entries sum to 0"),
        (wallet.id, "A", "2 is held, but 0 remains of its open holds"),
    ]


def test_a_broken_chain_of_what_is_held_is_found_where_it_breaks(wallet: Wallet) -> None:
    now = timezone.now()
    of = {"wallet_id": wallet.id, "currency": "USD", "kind": "settings", "principal": "nobody", "created_at": now}
    Entry.objects.create(sequence=4, amount=0, balance_after=7, held=2, held_after=3, **of)
    Entry.objects.create(sequence=5, amount=0, balance_after=7, held=-1, held_after=2, **of)
    Wallet.objects.filter(id=wallet.id).update(sequence=5, held=2, available=5)
    assert problems() == [
        (wallet.id, "A", "entry 4 says that 3 is held, but the sum is 2"),
        (wallet.id, "A", "2 is held, but 0 remains of its open holds"),
    ]


def test_an_entry_older_than_the_one_before_is_found(wallet: Wallet) -> None:
    old = Entry.objects.get(sequence=3).created_at - timedelta(days=1)
    of = {"wallet_id": wallet.id, "currency": "USD", "kind": "settings", "principal": "nobody", "created_at": old}
    Entry.objects.create(sequence=4, amount=0, balance_after=7, **of)
    Wallet.objects.filter(id=wallet.id).update(sequence=4)
    assert problems() == [(wallet.id, "A", "entry 4 is older than entry 3")]


def test_gaps_between_ids_are_passed_over(wallet: Wallet) -> None:
    last = wallet.id + 1_000_000
    append(Wallet(id=last), sequence=1, amount=1, after=1)
    steps: list[tuple[str, int, int]] = []
    columns = (("walletsvc_wallet", "id"), ("walletsvc_entry", "wallet_id"))
    found = [*ranges(*columns, name="wallets", size=2, report=lambda *step: steps.append(step))]
    assert found == [(wallet.id - 1, wallet.id + 1), (last - 1, last + 1)]
    assert steps == [("wallets", first, last) for first, _ in found]
