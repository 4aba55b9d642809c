"""Batches of several callers in one transaction: each is all or nothing, with the same answer as alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.ledger.callers import Company, codes, post_all
from tests.ledger.state import assert_reconciled, balance, lines, snapshot
from tests.writes import open_wallet
from walletsvc.commands import execute as executing
from walletsvc.commands.outcomes import Done
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)


def txids() -> list[str]:
    return sorted(Transaction.objects.values_list("txid", flat=True))


def test_batches_of_one_moment_share_a_transaction(company: Company, wallet: Wallet, other: Wallet) -> None:
    batches = [post_all((wallet, "-1.50", f"A{number}"), (other, "1.50", f"B{number}")) for number in range(5)]
    results = company.gather(batches, waits=True)
    assert (codes(results), company.transactions) == (["done"] * 5, 1)
    found = {each.txid: each.id for batch in results for each in batch.results}
    assert found == dict(Transaction.objects.values_list("txid", "id"))
    assert found == dict(Entry.objects.exclude(txid="").values_list("txid", "transaction_id"))
    assert (balance(wallet.id), balance(other.id)) == ("2.50", "17.50")
    assert [line[0] for line in lines(wallet.id)] == [1, 2, 3, 4, 5, 6]
    assert_reconciled()


def test_a_batch_that_is_refused_leaves_nothing_and_others_alone(
    company: Company, wallet: Wallet, other: Wallet
) -> None:
    results = company.gather(
        [
            post_all((wallet, "-4.00", "A1"), (other, "4.00", "A2")),
            post_all((other, "5.00", "B1"), (wallet, "1.00", "B2"), (wallet, "-7.01", "B3"), (wallet, "9.00", "B4")),
            post_all((wallet, "-6.00", "C1"), (other, "0.001", "C2")),
            post_all((other, "1.00", "D1"), (999_999, "1.00", "D2")),
            post_all((wallet, "-6.00", "E1"), (wallet, "1.00", "B1")),
        ],
        waits=True,
    )
    assert codes(results) == ["done", "insufficient_funds", "scale_exceeded", "not_found", "done"]
    assert [getattr(each, "index", None) for each in results] == [None, 2, 1, 1, None]
    assert results[1].error.context["balance"] == "7.00"
    assert (company.transactions, txids()) == (1, ["A1", "A2", "B1", "E1"])
    assert (balance(wallet.id), balance(other.id)) == ("1.00", "14.00")
    assert [line[0] for line in lines(wallet.id)] == [1, 2, 3, 4]
    assert_reconciled()


def test_a_wallet_of_refused_batches_only_is_not_written(company: Company, wallet: Wallet, other: Wallet) -> None:
    before = Wallet.objects.get(id=other.id)
    results = company.gather(
        [post_all((wallet, "1.00", "A1")), post_all((other, "1.00", "B1"), (wallet, "-99.00", "B2"))], waits=True
    )
    assert codes(results) == ["done", "insufficient_funds"]
    after = Wallet.objects.get(id=other.id)
    assert (after.balance, after.sequence, after.updated_at) == (before.balance, before.sequence, before.updated_at)


def test_nothing_changes_if_all_are_refused(company: Company, wallet: Wallet) -> None:
    before = snapshot()
    batches = [post_all((wallet, "5.00", f"A{n}"), (wallet, "-15.01", f"B{n}")) for n in range(3)]
    assert codes(company.gather(batches, waits=True)) == ["insufficient_funds"] * 3
    assert snapshot() == before


def test_a_name_is_taken_once(company: Company, wallet: Wallet, other: Wallet) -> None:
    results = company.gather(
        [
            post_all((wallet, "1.00", "T1"), (wallet, "1.00", "T2")),
            post_all((other, "2.00", "T3"), (other, "2.00", "T2")),
            post_all((other, "3.00", "T4"), (other, "3.00", "T4")),
            post_all((other, "4.00", "T3")),
        ],
        waits=True,
    )
    # When the second got its answer, the last had taken the name that it gave up.
    assert codes(results) == ["done", "duplicate_txid", "duplicate_txid", "done"]
    assert [each.index for each in results[1:3]] == [0, 1]
    assert (txids(), balance(wallet.id), balance(other.id)) == (["T1", "T2", "T3"], "12.00", "14.00")
    assert_reconciled()


def test_a_taken_name_is_refused_for_its_caller_only(company: Company, wallet: Wallet) -> None:
    post_all((wallet, "1.00", "T2"))()
    results = company.gather(
        [post_all((wallet, "1.00", f"T{n}"), (wallet, "1.00", f"U{n}")) for n in (1, 2, 3)], waits=True
    )
    assert codes(results) == ["done", "duplicate_txid", "done"]
    assert (txids(), balance(wallet.id)) == (["T1", "T2", "T3", "U1", "U3"], "15.00")
    assert_reconciled()


def test_a_group_has_room_for_so_many_steps(
    company: Company, wallet: Wallet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "SHARED_COMMANDS", 5)
    batches = [post_all((wallet, "1.00", f"A{n}"), (wallet, "1.00", f"B{n}")) for n in range(5)]
    assert codes(company.gather(batches, waits=True)) == ["done"] * 5
    # Two, two, and the last, which goes by itself.
    assert (company.transactions, balance(wallet.id)) == (2, "20.00")
    post_all(*((wallet, "1.00", f"C{n}") for n in range(5)))()
    assert_reconciled()


def test_any_mixture_of_batches_adds_up() -> None:
    wallets = [open_wallet(principal=ANYONE, label=f"W{number}", balance="20.00") for number in range(4)]

    def work(thread: int) -> list[str]:
        results: list[Any] = []
        for number in range(8):
            amounts = ["-3.00", "1.00", "-1.00"] if (thread + number) % 3 else ["2.00", "-1.00"]
            # Each third txid is another thread's as well.
            name = f"{thread // 2 if number % 3 == 0 else thread}-{number}"
            posts = [
                (wallets[(thread * 7 + number + place) % 4], amount, f"{name}.{place}")
                for place, amount in enumerate(amounts)
            ]
            results.append(post_all(*posts)())
        connection.close()
        sizes = [len(each.results) if isinstance(each, Done) else 0 for each in results]
        return [f"{code} {size}" for code, size in zip(codes(results), sizes, strict=True)]

    with ThreadPoolExecutor(16) as pool:
        found = [code for each in pool.map(work, range(16)) for code in each]
    assert {each.split()[0] for each in found} <= {"done", "insufficient_funds", "duplicate_txid"}
    assert Transaction.objects.count() == sum(int(each.split()[1]) for each in found)
    for wallet in wallets:
        assert [line[0] for line in lines(wallet.id)] == list(range(1, len(lines(wallet.id)) + 1))
    assert min(Entry.objects.values_list("balance_after", flat=True)) >= 0
    assert_reconciled()
