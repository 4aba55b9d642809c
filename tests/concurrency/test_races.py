"""Many concurrent callers: each result is true, and the ledger adds up."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from tests.concurrency.threads import at_once, tally
from tests.ledger.state import assert_reconciled, balance, lines
from tests.writes import (
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    rename_wallet,
    reverse_transaction,
    reverse_transfer,
)
from walletsvc import errors
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal

THREADS = 16

post = partial(post_transaction, principal=ANYONE)
amend = partial(amend_transaction, principal=ANYONE)
delete = partial(delete_transaction, principal=ANYONE)
transfer = partial(post_transfer, principal=ANYONE)


def open_with(label: str, amount: str = "0") -> Wallet:
    return open_wallet(principal=ANYONE, label=label, balance=amount)


def assert_no_gap(wallet: Wallet) -> None:
    sequences = [line[0] for line in lines(wallet.id)]
    assert sequences == list(range(1, len(sequences) + 1))
    assert Wallet.objects.get(id=wallet.id).sequence == len(sequences)


def test_a_wallet_that_holds_enough_for_half_of_the_debits_pays_exactly_half() -> None:
    wallet = open_with("Hot", "32.00")

    def debit_four_times(thread: int) -> list[str]:
        outcomes = []
        for number in range(4):
            try:
                post(txid=f"{thread}.{number}", wallet_id=wallet.id, amount="-1.00")
                outcomes.append("done")
            except errors.InsufficientFunds as refusal:
                outcomes.append(refusal.code)
        return outcomes

    results = at_once(partial(debit_four_times, thread) for thread in range(THREADS))
    outcomes = [outcome for result in results for outcome in result]
    assert sorted(outcomes) == ["done"] * 32 + ["insufficient_funds"] * 32
    assert balance(wallet.id) == "0.00"
    assert Transaction.objects.count() == 32
    assert [line[3] for line in lines(wallet.id)] == [f"{left}.00" for left in range(32, -1, -1)]
    assert_no_gap(wallet)
    assert_reconciled()


def test_one_txid_at_once_is_taken_once() -> None:
    wallet = open_with("Hot", "100")
    results = at_once([partial(post, txid="T1", wallet_id=wallet.id, amount="-1")] * THREADS)
    assert tally(results) == {"done": 1, "duplicate_txid": 15}
    winner = Transaction.objects.get()
    assert {result.context["transaction"] for result in results if isinstance(result, errors.DuplicateTxid)} == {
        winner.id
    }
    assert balance(wallet.id) == "99.00"
    assert_reconciled()


def test_one_txid_at_once_is_taken_once_across_wallets() -> None:
    wallets = [open_with(f"W{number}") for number in range(THREADS)]
    results = at_once(partial(post, txid="T1", wallet_id=wallet.id, amount="1") for wallet in wallets)
    assert tally(results) == {"done": 1, "duplicate_txid": 15}
    assert (Transaction.objects.count(), Entry.objects.count()) == (1, 1)
    assert_reconciled()


def test_one_label_at_once_is_taken_once() -> None:
    results = at_once([partial(open_with, "Same", "5")] * THREADS)
    assert tally(results) == {"done": 1, "duplicate_label": 15}
    assert (Wallet.objects.count(), Entry.objects.count()) == (1, 1)
    assert_reconciled()


def test_two_owners_take_the_same_names_at_once_and_each_gets_them_once() -> None:
    owners = [Principal(name, frozenset({"admin"}), owner=name) for name in ("alice", "bob")]
    results = at_once([partial(open_wallet, principal=owner, label="Same") for owner in owners] * 8)
    assert tally(results) == {"done": 2, "duplicate_label": 14}
    wallets = {wallet.owner: wallet for wallet in Wallet.objects.all()}
    results = at_once(
        [
            partial(post_transaction, principal=by, txid="T1", wallet_id=wallets[owner.owner].id, amount="1")
            for owner in owners
            for by in (owner, ANYONE)
        ]
        * 4
    )
    assert tally(results) == {"done": 2, "duplicate_txid": 14}
    held = {each.id: each.owner for each in Transaction.objects.all()}
    assert sorted(held.values()) == ["alice", "bob"]
    refused = [held[each.context["transaction"]] for each in results if isinstance(each, errors.DuplicateTxid)]
    assert sorted(refused) == ["alice"] * 7 + ["bob"] * 7
    assert_reconciled()


def test_wallets_that_want_each_others_label_do_not_deadlock() -> None:
    first, second = open_with("First"), open_with("Second")
    results = at_once(
        partial(rename_wallet, principal=ANYONE, wallet_id=wallet.id, label=label)
        for wallet, label in [(first, "Second"), (second, "First"), (first, "Third"), (second, "Third")] * 4
    )
    assert set(tally(results)) <= {"done", "duplicate_label"}
    assert len(set(Wallet.objects.values_list("label", flat=True))) == 2


def test_amendments_and_deletions_race_with_posts() -> None:
    wallet = open_with("Hot", "100")
    transactions = [post(txid=f"old{number}", wallet_id=wallet.id, amount="10") for number in range(8)]
    results = at_once(
        call
        for number, transaction in enumerate(transactions)
        for call in (
            partial(post, txid=f"new{number}", wallet_id=wallet.id, amount="-10"),
            partial(amend, transaction_id=transaction.id, amount="-5" if number % 2 else "15"),
            partial(delete, transaction_id=transaction.id),
        )
    )
    outcomes = tally(results)
    # A transaction is deleted before it was amended, or after: either way it no longer exists, and its money was
    # available.
    assert set(outcomes) <= {"done", "not_found"}
    assert outcomes["done"] >= 16
    assert set(Transaction.objects.values_list("txid", flat=True)) == {f"new{number}" for number in range(8)}
    assert balance(wallet.id) == "20.00"
    assert_no_gap(wallet)
    assert_reconciled()


def test_a_transaction_is_deleted_once() -> None:
    wallet = open_with("Hot", "100")
    transaction = post(txid="T1", wallet_id=wallet.id, amount="-60")
    results = at_once([partial(delete, transaction_id=transaction.id)] * THREADS)
    assert tally(results) == {"done": 1, "not_found": 15}
    assert balance(wallet.id) == "100.00"
    assert_reconciled()


def test_amendments_at_once_do_not_lose_each_other() -> None:
    wallet = open_with("Hot", "100")
    transaction = post(txid="T1", wallet_id=wallet.id, amount="-1")
    results = at_once(
        partial(amend, transaction_id=transaction.id, amount=f"-{amount}") for amount in range(2, 2 + THREADS)
    )
    assert tally(results) == {"done": THREADS}
    amount = Transaction.objects.get().amount
    assert balance(wallet.id) == f"{100 + amount:.2f}"
    assert_no_gap(wallet)
    assert_reconciled()


def test_transactions_move_between_two_wallets_in_opposite_directions() -> None:
    wallets = [open_with("First", "100"), open_with("Second", "100")]
    transactions = [
        post(txid=f"T{number}", wallet_id=wallets[number % 2].id, amount="1" if number % 3 else "-1")
        for number in range(8)
    ]

    def move_there_and_back(number: int) -> None:
        for step in (1, 2, 3):
            amend(transaction_id=transactions[number].id, wallet_id=wallets[(number + step) % 2].id)

    assert tally(at_once(partial(move_there_and_back, number) for number in range(8))) == {"done": 8}
    assert_reconciled()
    for transaction, number in zip(transactions, range(8), strict=True):
        assert Transaction.objects.get(id=transaction.id).wallet_id == wallets[(number + 1) % 2].id
    for wallet in wallets:
        assert_no_gap(wallet)


def test_one_transaction_that_many_move_ends_in_one_wallet() -> None:
    wallets = [open_with(f"W{number}", "10") for number in range(4)]
    transaction = post(txid="T1", wallet_id=wallets[0].id, amount="-10")
    results = at_once(
        partial(amend, transaction_id=transaction.id, wallet_id=wallets[number % 4].id) for number in range(THREADS)
    )
    assert set(tally(results)) <= {"done", "conflict"}
    home = Transaction.objects.get().wallet_id
    assert {wallet.id: balance(wallet.id) for wallet in wallets} == {
        wallet.id: "0.00" if wallet.id == home else "10.00" for wallet in wallets
    }
    assert_reconciled()


def test_transfers_in_opposite_directions_do_not_deadlock() -> None:
    first, second = open_with("First", "100"), open_with("Second", "100")
    results = at_once(
        partial(transfer, txid=f"T{number}", source_id=source.id, destination_id=destination.id, amount="3")
        for number, (source, destination) in enumerate([(first, second), (second, first)] * (THREADS // 2))
    )
    assert tally(results) == {"done": THREADS}
    assert (balance(first.id), balance(second.id)) == ("100.00", "100.00")
    assert Transaction.objects.count() == 2 * THREADS
    assert_reconciled()


def test_a_tenth_is_reversed_by_hundredths_ten_times() -> None:
    wallet = open_with("Hot", "1.00")
    posted = post(txid="T", wallet_id=wallet.id, amount="0.10")
    calls = (
        partial(
            reverse_transaction,
            principal=ANYONE,
            transaction_id=posted.id,
            txid=f"R{thread}",
            amount="0.01",
        )
        for thread in range(THREADS)
    )
    results = at_once(calls)
    assert tally(results) == {"done": 10, "reversal_exceeds": 6}
    rests = {result.context["rest"] for result in results if isinstance(result, errors.ReversalExceeds)}
    assert rests == {"0.00"}
    stored = Transaction.objects.get(id=posted.id)
    assert (stored.reversed, stored.amount, stored.reversals.count()) == (Decimal("0.10"), Decimal("0.10"), 10)
    assert [line[3] for line in lines(wallet.id)] == ["1.00", *(f"1.{left:02}" for left in range(10, -1, -1))]
    assert_no_gap(wallet)
    assert_reconciled()


def test_transfers_and_their_reversals_in_opposite_directions_do_not_deadlock() -> None:
    one, two = open_with("One", "100.00"), open_with("Two", "100.00")
    made = [
        transfer(txid=f"T{number}", source_id=first.id, destination_id=second.id, amount="1.00")
        for number, (first, second) in enumerate([(one, two), (two, one)] * 4)
    ]
    calls = [
        partial(reverse_transfer, principal=ANYONE, transfer_id=each.id, txid=f"R{place}.{number}", amount="0.60")
        for place in range(2)
        for number, each in enumerate(made)
    ]
    assert tally(at_once(calls)) == {"done": 8, "reversal_exceeds": 8}
    assert {each.reversed for each in Transaction.objects.filter(reversal_of=None)} == {Decimal("0.60")}
    assert (balance(one.id), balance(two.id)) == ("100.00", "100.00")
    assert_reconciled()


def test_a_transaction_is_reversed_or_deleted_but_not_both() -> None:
    for number in range(8):
        wallet = open_with(f"W{number}")
        posted = post(txid=f"T{number}", wallet_id=wallet.id, amount="1.00")
        results = at_once(
            [
                partial(delete, transaction_id=posted.id),
                partial(reverse_transaction, principal=ANYONE, transaction_id=posted.id, txid=f"R{number}"),
                partial(amend, transaction_id=posted.id, amount="2.00"),
            ]
        )
        refusals = {getattr(each, "code", "done") for each in results}
        assert refusals <= {"done", "not_found", "transaction_bound"}
        assert balance(wallet.id) == "0.00"
        assert Transaction.objects.filter(wallet_id=wallet.id).count() in (0, 2)
    assert_reconciled()


def test_a_wallet_is_closed_or_posted_to_but_not_both() -> None:
    for round_number in range(4):
        wallet = open_with(f"W{round_number}")
        posts = [
            partial(post, txid=f"{round_number}.{number}", wallet_id=wallet.id, amount="1") for number in range(7)
        ]
        deletion, *posted = at_once([partial(close_wallet, principal=ANYONE, wallet_id=wallet.id), *posts])
        if isinstance(deletion, errors.WalletNotEmpty):
            assert tally(posted) == {"done": 7}
            assert balance(wallet.id) == "7.00"
        else:
            assert isinstance(deletion, Wallet)
            assert tally(posted) == {"not_found": 7}
            assert lines(wallet.id) == []
        assert_reconciled()


def test_a_wallet_is_closed_or_moved_into_but_not_both() -> None:
    source = open_with("Source", "100")
    for round_number in range(4):
        wallet = open_with(f"W{round_number}")
        moved = post(txid=f"M{round_number}", wallet_id=source.id, amount="1")
        deletion, move, transferred = at_once(
            [
                partial(close_wallet, principal=ANYONE, wallet_id=wallet.id),
                partial(amend, transaction_id=moved.id, wallet_id=wallet.id),
                partial(transfer, txid=f"X{round_number}", source_id=source.id, destination_id=wallet.id, amount="2"),
            ]
        )
        if isinstance(deletion, errors.WalletNotEmpty):
            assert tally([move, transferred]) == {"done": 2}
            assert balance(wallet.id) == "3.00"
        else:
            assert isinstance(deletion, Wallet)
            assert tally([move, transferred]) == {"not_found": 2}
            assert Transaction.objects.get(id=moved.id).wallet_id == source.id
        assert_reconciled()
