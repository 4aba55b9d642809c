"""Keyed posts share transactions like others, and each key counts for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.ledger.callers import Company
from tests.ledger.state import assert_reconciled, balance
from walletsvc import errors
from walletsvc.commands.execute import execute_once
from walletsvc.commands.outcomes import Done
from walletsvc.commands.transactions import PostTransaction
from walletsvc.commands.transfers import PostTransfer
from walletsvc.models import ReplayKey, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)


def post(wallet: Wallet, amount: str, txid: str, key: str | None = None) -> Callable[[], Done]:
    command = PostTransaction.parse({"txid": txid, "wallet": wallet.id, "amount": amount})
    return partial(execute_once, command, by=ANYONE, key=key)


def said(results: Sequence[Any]) -> list[str]:
    return [("replay" if each.is_replay else "done") if isinstance(each, Done) else each.code for each in results]


def test_keyed_posts_share_a_transaction(company: Company, wallet: Wallet, other: Wallet) -> None:
    calls = [
        post(wallet, "1", "A", "a"),
        post(other, "2", "B"),
        post(wallet, "3", "C", "c"),
        post(other, "4", "D", "d"),
    ]
    results = company.gather(calls)
    assert (said(results), company.transactions) == (["done"] * 4, 1)
    # Each key leads to its own transaction, in whatever order keys and transactions were written.
    stored = dict(Transaction.objects.values_list("txid", "id"))
    for call, txid in zip(calls, "ABCD", strict=True):
        if txid != "B":
            again = call()
            assert (again.is_replay, again.results[0].id, again.results[0].txid) == (True, stored[txid], txid)
    assert ReplayKey.objects.count() == 3
    assert_reconciled()


def test_the_same_request_twice_in_a_group_is_stored_once(company: Company, wallet: Wallet) -> None:
    results = company.gather([post(wallet, "1", "A", "k"), post(wallet, "1", "A", "k"), post(wallet, "2", "B", "l")])
    assert sorted(said(results)) == ["done", "done", "replay"]
    assert len({each.results[0].id for each in results[:2]}) == 1
    assert (balance(wallet.id), Transaction.objects.count()) == ("13.00", 2)


def test_another_request_under_a_key_of_the_group_is_refused(company: Company, wallet: Wallet, other: Wallet) -> None:
    results = company.gather([post(wallet, "1", "A", "k"), post(other, "1", "B", "k"), post(other, "2", "C", "l")])
    assert sorted(said(results)) == ["done", "done", "idempotency_conflict"]
    assert said(results)[2] == "done"
    assert Transaction.objects.count() == 2


def test_a_replay_in_a_group_hinders_nobody(company: Company, wallet: Wallet, other: Wallet) -> None:
    post(wallet, "-9", "A", "k")()
    # It would overdraw now; its neighbours are as they would be without it.
    results = company.gather([post(other, "1", "B"), post(wallet, "-9", "A", "k"), post(wallet, "-2", "C", "c")])
    assert said(results) == ["done", "replay", "insufficient_funds"]
    assert said(company.gather([post(other, "1", "D", "d"), post(other, "1", "E", "k")])) == [
        "done",
        "idempotency_conflict",
    ]
    assert (balance(wallet.id), balance(other.id)) == ("1.00", "12.00")
    assert set(ReplayKey.objects.values_list("kind", flat=True)) == {"transaction.post"}
    assert ReplayKey.objects.count() == 2
    assert_reconciled()


def test_replays_in_a_group_need_no_transaction_of_their_own(company: Company, wallet: Wallet, other: Wallet) -> None:
    calls = [post(wallet, "1", "A", "a"), post(other, "2", "B", "b")]
    made = [call().results[0].id for call in calls]
    results = company.gather([*calls, post(wallet, "5", "C", "c"), post(other, "7", "A", "a"), post(other, "3", "D")])
    assert said(results) == ["replay", "replay", "done", "idempotency_conflict", "done"]
    assert company.transactions == 1
    assert [each.results[0].id for each in results[:2]] == made
    assert (balance(wallet.id), balance(other.id)) == ("16.00", "15.00")
    assert_reconciled()


def test_a_transfer_is_posted_once_for_its_key(wallet: Wallet, other: Wallet) -> None:
    values = {"txid": "T", "source": wallet.id, "destination": other.id, "description": "Rent"}
    first = execute_once(PostTransfer.parse(values | {"amount": "4"}), by=ANYONE, key="k")
    again = execute_once(PostTransfer.parse(values | {"amount": "4.00"}), by=ANYONE, key="k")
    assert (first.is_replay, again.is_replay) == (False, True)
    [made], [shown] = first.results, again.results
    for name in ("id", "txid", "description", "metadata", "owner", "created_at"):
        assert getattr(shown, name) == getattr(made, name)
    with pytest.raises(errors.IdempotencyConflict):
        execute_once(PostTransfer.parse(values | {"amount": "5"}), by=ANYONE, key="k")
    assert (balance(wallet.id), balance(other.id)) == ("6.00", "14.00")
    assert (Transaction.objects.count(), ReplayKey.objects.get().target) == (2, made.id)
    assert_reconciled()


def test_a_condition_that_held_once_is_part_of_the_request_and_not_asked_again(wallet: Wallet) -> None:
    def conditional(sequence: int) -> Done:
        values = {"txid": "T", "wallet": wallet.id, "amount": "1", "conditions": {"sequence": sequence}}
        return execute_once(PostTransaction.parse(values), by=ANYONE, key="k")

    sequence = Wallet.objects.get(id=wallet.id).sequence
    assert [conditional(sequence).is_replay for _ in range(2)] == [False, True]
    with pytest.raises(errors.IdempotencyConflict):
        conditional(sequence + 1)
    assert Transaction.objects.count() == 1
