"""Posts of several callers in one transaction: each gets the same answer as alone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from tests.ledger.callers import TIMEOUT, Company, codes, post
from tests.ledger.state import assert_reconciled, balance, lines, snapshot
from tests.writes import open_wallet
from walletsvc import errors
from walletsvc.cache.responses import look_up, wallet_stamp
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal

pytestmark = pytest.mark.django_db(transaction=True)


def test_posts_of_one_moment_share_a_transaction(company: Company, wallet: Wallet, other: Wallet) -> None:
    calls = [post((wallet, other)[number % 2], "-1.50", f"T{number}") for number in range(10)]
    results = company.gather(calls)
    assert (codes(results), company.transactions) == (["done"] * 10, 1)
    assert [each.id for each in results] == [Transaction.objects.get(txid=f"T{n}").id for n in range(10)]
    assert (balance(wallet.id), balance(other.id)) == ("2.50", "2.50")
    assert [line[0] for line in lines(wallet.id)] == [1, 2, 3, 4, 5, 6]
    entries = dict(Entry.objects.exclude(txid="").values_list("txid", "transaction_id"))
    assert entries == {each.txid: each.id for each in results}
    assert_reconciled()


def test_a_refusal_is_its_callers_own(company: Company, wallet: Wallet, other: Wallet) -> None:
    results = company.gather(
        [
            post(wallet, "-8.00", "T1"),
            post(wallet, "-8.00", "T2"),
            post(wallet, "0.001", "T3"),
            post(999_999, "1.00", "T4"),
            post(other, "-11.00", "T5"),
            post(wallet, "-2.00", "T6"),
        ]
    )
    assert codes(results) == [
        "done",
        "insufficient_funds",
        "scale_exceeded",
        "not_found",
        "insufficient_funds",
        "done",
    ]
    assert results[1].context["balance"] == "2.00"
    assert (company.transactions, balance(wallet.id), balance(other.id)) == (1, "0.00", "10.00")
    assert list(Transaction.objects.order_by("id").values_list("txid", flat=True)) == ["T1", "T6"]
    assert_reconciled()


def test_nothing_changes_if_all_are_refused(company: Company, wallet: Wallet) -> None:
    before = snapshot()
    assert codes(company.gather([post(wallet, "-11.00", f"T{n}") for n in range(3)])) == ["insufficient_funds"] * 3
    assert snapshot() == before


def test_a_name_is_taken_once(company: Company, wallet: Wallet, other: Wallet) -> None:
    results = company.gather([post(wallet, "1.00", "T1"), post(other, "2.00", "T1"), post(other, "3.00", "T2")])
    assert codes(results) == ["done", "duplicate_txid", "done"]
    assert results[1].context["transaction"] == results[0].id
    assert (balance(wallet.id), balance(other.id)) == ("11.00", "13.00")
    assert_reconciled()


def test_the_name_of_a_refused_post_is_free(company: Company, wallet: Wallet) -> None:
    assert codes(company.gather([post(wallet, "-11.00", "T1"), post(wallet, "1.00", "T1")])) == [
        "duplicate_txid",  # by now: see the next test
        "done",
    ]
    assert balance(wallet.id) == "11.00"


def test_a_repeated_request_learns_that_it_was_stored(company: Company, wallet: Wallet) -> None:
    first = post(wallet, "-8.00", "T1")()
    again, more = company.gather([post(wallet, "-8.00", "T1"), post(wallet, "-1.00", "T2")])
    assert (codes([again, more]), again.context["transaction"]) == (["duplicate_txid", "done"], first.id)
    assert balance(wallet.id) == "1.00"


def test_a_taken_name_is_refused_for_its_caller_only(company: Company, wallet: Wallet) -> None:
    first = post(wallet, "1.00", "T2")()
    results = company.gather([post(wallet, "1.00", f"T{number}") for number in (1, 2, 3)])
    assert codes(results) == ["done", "duplicate_txid", "done"]
    assert results[1].context["transaction"] == first.id
    assert (company.transactions, balance(wallet.id)) == (1, "13.00")
    assert_reconciled()


def test_principals_do_not_share(company: Company) -> None:
    ann, bob = (Principal(subject=name, scopes=frozenset({"admin"}), owner=name) for name in ("ann", "bob"))
    hers = open_wallet(principal=ann, label="ann's", balance="5.00")
    his = open_wallet(principal=bob, label="bob's", balance="5.00")
    with company.busy(ann):
        assert company.start(post(his, "1.00", "B", bob)).result(TIMEOUT).txid == "B"
    results = company.gather(
        [post(hers, "1.00", "A1", ann), post(his, "1.00", "A2", ann), post(hers, "1.00", "A3", ann)], principal=ann
    )
    assert codes(results) == ["done", "not_found", "done"]
    assert dict(Entry.objects.exclude(txid="").values_list("txid", "principal")) == {
        "A1": "ann",
        "A3": "ann",
        "B": "bob",
    }


def test_any_mixture_of_callers_adds_up() -> None:
    wallets = [open_wallet(principal=ANYONE, label=f"W{number}", balance="20.00") for number in range(3)]

    def work(thread: int) -> list[str]:
        results: list[Any] = []
        for number in range(12):
            amount = "-2.00" if (thread + number) % 3 else "1.00"
            try:
                # Each third txid is another thread's as well.
                txid = f"{thread // 2 if number % 3 == 0 else thread}-{number}"
                results.append(post(wallets[(thread * 7 + number) % 3], amount, txid)())
            except errors.WalletError as refusal:
                results.append(refusal)
        connection.close()
        return codes(results)

    with ThreadPoolExecutor(16) as pool:
        found = [code for each in pool.map(work, range(16)) for code in each]
    assert set(found) <= {"done", "insufficient_funds", "duplicate_txid"}
    assert Transaction.objects.count() == found.count("done")
    for wallet in wallets:
        assert [line[0] for line in lines(wallet.id)] == list(range(1, len(lines(wallet.id)) + 1))
    assert min(Entry.objects.values_list("balance_after", flat=True)) >= 0
    assert_reconciled()


@pytest.mark.parametrize("amounts", [["1.00", "1.00"], ["-11.00", "1.00"]])
def test_only_wallets_that_have_changed_have_new_stamps(
    company: Company, wallet: Wallet, other: Wallet, amounts: list[str]
) -> None:
    def stamps() -> list[bytes | None]:
        return [look_up("key", stamps=[wallet_stamp(each.id)]).stamps for each in (wallet, other)]

    before = stamps()
    assert None not in before
    company.gather([post(wallet, amounts[0], "T1"), post(other, amounts[1], "T2")])
    after = stamps()
    assert None not in after
    assert [was != now for was, now in zip(before, after, strict=True)] == [
        not each.startswith("-") for each in amounts
    ]
