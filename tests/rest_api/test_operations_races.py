"""Concurrent batches and single requests: each result is true, and the ledger adds up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

from tests.concurrency.threads import at_once
from tests.ledger.state import assert_reconciled, balance
from tests.rest_api.batches import add_wallet, post, send
from tests.rest_api.conftest import Api, resource
from tests.writes import open_wallet
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 8


def open_wallets(*balances: str) -> list[str]:
    wallets = [open_wallet(principal=ANYONE, label=f"W{place}", balance=text) for place, text in enumerate(balances)]
    return [str(wallet.id) for wallet in wallets]


def status_of(request: Callable[[Api], object]) -> int:
    """Return the status of a request by a separate client, as each thread needs."""
    return request(Api()).status_code


def statuses(*requests: Callable[[Api], object]) -> Counter[object]:
    return Counter(at_once(partial(status_of, request) for request in requests))


def batch(*operations: object) -> Callable[[Api], object]:
    return lambda api: send(api, *operations)


def single(txid: str, wallet: str, amount: str) -> Callable[[Api], object]:
    document = resource("Transaction", wallet=wallet, txid=txid, amount=amount)
    return lambda api: api.post("/api/transactions/", document)


def test_batches_over_the_same_wallets_in_opposite_order_do_not_deadlock() -> None:
    wallets = open_wallets(*["10.00"] * 4)

    def mixed(thread: int) -> Callable[[Api], object]:
        order = wallets if thread % 2 else wallets[::-1]
        return batch(*(post(f"B{thread}.{place}", wallet, "0.50") for place, wallet in enumerate(order * 5)))

    singles = [single(f"S{thread}", wallets[thread % 4], "-0.25") for thread in range(THREADS)]
    assert statuses(*(mixed(thread) for thread in range(THREADS)), *singles) == {200: THREADS, 201: THREADS}
    assert Transaction.objects.count() == THREADS * 20 + THREADS
    assert {balance(int(wallet)) for wallet in wallets} == {"29.50"}
    assert_reconciled()


def test_of_batches_that_want_the_same_money_only_those_that_fit_are_done() -> None:
    first, second = open_wallets("10.00", "10.00")

    def payment(thread: int) -> Callable[[Api], object]:
        order = (first, second) if thread % 2 else (second, first)
        return batch(*(post(f"B{thread}.{place}", wallet, "-3.00") for place, wallet in enumerate(order)))

    assert statuses(*(payment(thread) for thread in range(THREADS))) == {200: 3, 422: 5}
    assert (balance(int(first)), balance(int(second))) == ("1.00", "1.00")
    assert Transaction.objects.count() == 6
    assert_reconciled()


def test_one_txid_in_many_batches_is_taken_once_and_the_others_leave_nothing() -> None:
    wallets = open_wallets(*["0.00"] * THREADS)
    requests = [
        batch(post(f"B{place}", wallet, "1.00"), post("Same", wallet, "1.00")) for place, wallet in enumerate(wallets)
    ]
    assert statuses(*requests, single("Same", wallets[0], "1.00")) in (
        Counter({200: 1, 409: THREADS}),
        Counter({201: 1, 409: THREADS}),
    )
    assert Transaction.objects.filter(txid="Same").count() == 1
    assert Transaction.objects.count() == Entry.objects.count()
    assert Transaction.objects.count() in (1, 2)
    assert_reconciled()


def test_batches_that_open_and_use_wallets_do_not_disturb_each_other() -> None:
    (shared,) = open_wallets("1.00")

    def opening(thread: int) -> Callable[[Api], object]:
        return batch(
            add_wallet(f"New {thread}", "5.00", lid="new"),
            post(f"B{thread}.0", {"lid": "new"}, "-1.00"),
            post(f"B{thread}.1", shared, "1.00"),
        )

    assert statuses(*(opening(thread) for thread in range(THREADS))) == {200: THREADS}
    assert balance(int(shared)) == "9.00"
    balances = Wallet.objects.exclude(id=shared).values_list("balance", flat=True)
    assert list(balances) == [Decimal("4.00")] * THREADS
    assert_reconciled()
