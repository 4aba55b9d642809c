"""What the ledger decides of transactions, without a database.

What it writes by SQL is in test_writer.py, what a user can see of it in tests/ledger.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.ledger.state import funds
from tests.unit.records import ALICE, FIRST, Records, open_ledger, transaction, wallet
from walletsvc import errors
from walletsvc.ledger.amendments import amend_transaction, delete_transaction
from walletsvc.ledger.ledger import Ledger
from walletsvc.models.entry import Kind
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.without_engine


# -- locks ---------------------------------------------------------------------------------------------


def test_wallets_are_locked_once_in_the_order_of_their_ids() -> None:
    ledger, records, touched = open_ledger(wallet(2), wallet(9), lock=False)
    ledger.lock([9, 2, 9, 5])
    assert records.asked == [([2, 5, 9], ALICE, False)]
    assert touched == {2: "a", 9: "a"}
    assert [ledger.has_locked(number) for number in (2, 5, 9)] == [True, False, True]
    assert ledger.wallet(9).id == 9
    with pytest.raises(errors.NotFound) as caught:
        ledger.wallet(5, field="wallet")
    assert (caught.value.message, caught.value.field) == (errors.not_found("Wallet", 5).message, "wallet")
    with pytest.raises(RuntimeError):
        ledger.lock([5])


def test_those_of_others_may_be_passed_over() -> None:
    ledger, records, _ = open_ledger(wallet(2), lock=False)
    assert ledger.lock([3, 2], skip_locked=True) == [3]
    assert records.asked == [([2, 3], ALICE, True)]


def test_those_of_others_are_skipped_once_the_one_that_is_waited_for_is_locked() -> None:
    ledger, records, touched = open_ledger(wallet(2), wallet(5), lock=False)
    assert ledger.lock([2, 3, 5, 6], skip_locked=True, waits_for=5) == [3, 6]
    assert records.asked == [([5], ALICE, False), ([2, 3, 6], ALICE, True)]
    assert sorted(touched) == [2, 5]


def test_without_skipping_nothing_counts_as_skipped() -> None:
    ledger, records, _ = open_ledger(wallet(2), lock=False)
    assert ledger.lock([2, 3], waits_for=3) == []
    assert records.asked == [([2, 3], ALICE, False)]


# -- post ----------------------------------------------------------------------------------------------


def test_what_is_posted_is_written_by_one_call() -> None:
    one, two = wallet(1, "10"), wallet(2)
    ledger, records, _ = open_ledger(one, two)
    debit, credit = transaction("T1", 1, "-4.50", number=5), transaction("T2", 2, "4.50")
    ledger.post(debit, kind=Kind.TRANSFER_OUT)
    ledger.post(credit)
    assert records.done == []
    ledger.flush(send=True)
    entries = [(1, 8, "transfer_out", "-4.50", "5.50"), (2, 8, "post", "4.50", "4.50")]
    assert records.done == [("write", ["T1", "T2"], entries, "alice", FIRST, True)]
    ledger.flush()
    assert len(records.done) == 1
    ledger.complete()
    assert records.done[1:] == [("totals", {"USD": (2, "4.50", "4.50")})]
    assert records.txids == ["T1", "T2"]
    assert (one.balance, one.sequence, one.transaction_count) == (Decimal("5.50"), 8, 4)
    # The ledger says what a new transaction is, and when it was.
    assert (debit.id, debit.currency, debit.owner) == (None, "USD", "a")
    assert [debit.created_at, debit.updated_at, credit.created_at, credit.updated_at] == [FIRST] * 4


def test_a_post_that_is_refused_leaves_the_ledger_as_it_was() -> None:
    one = wallet(1, "10")
    ledger, records, _ = open_ledger(one)
    ledger.post(transaction("T1", 1, "-4"))
    with pytest.raises(errors.InsufficientFunds) as caught:
        ledger.post(transaction("T2", 1, "-7"))
    assert caught.value.field == "amount"
    assert caught.value.context == funds("6.00", "-7.00", 1)
    with pytest.raises(errors.ScaleExceeded):
        ledger.post(transaction("T2", 1, "0.001"))
    with pytest.raises(errors.NotFound) as missing:
        ledger.post(transaction("T3", 2, "1"))
    assert missing.value.field == "wallet"
    with pytest.raises(errors.DuplicateTxid):
        ledger.post(transaction("T1", 1, "1"))
    ledger.post(transaction("T2", 1, "-6"))  # the name is free still
    assert (one.balance, one.sequence, one.transaction_count) == (0, 9, 5)
    ledger.flush()
    assert records.done == [("write", ["T1", "T2"], records.lines(), "alice", FIRST, False)]


def test_what_is_taken_back_was_never_there() -> None:
    one, two = wallet(1, "10"), wallet(2, "1")
    ledger, records, _ = open_ledger(one, two)
    ledger.post(transaction("T1", 1, "1"))
    mark = ledger.mark()
    ledger.post(transaction("T2", 2, "2"))
    ledger.post(transaction("T3", 1, "-3"))
    ledger.take_back(mark)
    assert [(each.balance, each.sequence, each.transaction_count) for each in (one, two)] == [(11, 8, 4), (1, 7, 3)]
    ledger.take_back(ledger.mark())
    ledger.post(transaction("T3", 2, "3"))
    ledger.complete()
    entries = [(1, 8, "post", "1", "11"), (2, 8, "post", "3", "4")]
    assert records.done == [
        ("write", ["T1", "T3"], entries, "alice", FIRST, False),
        ("totals", {"USD": (2, "4", "0")}),
    ]


# -- amend and delete ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "target", "entries", "crossed"),
    [
        ("5", 1, [], []),
        ("7.25", 1, [(1, 8, "amend", "2.25", "12.25")], [("2.25", "0")]),
        ("5", 2, [(1, 8, "move_out", "-5", "5"), (2, 8, "move_in", "5", "5")], []),
        (
            "-0.50",
            3,
            [(1, 8, "move_out", "-5", "5"), (3, 8, "move_in", "5", "6"), (3, 9, "amend", "-5.50", "0.50")],
            [("0", "5.50")],
        ),
    ],
)
def test_an_amendment_is_what_it_changes(
    amount: str, target: int, entries: list[object], crossed: list[tuple[str, str]]
) -> None:
    wallets = [wallet(1, "10"), wallet(2), wallet(3, "1")]
    ledger, records, _ = open_ledger(*wallets)
    amended = transaction("T1", 1, "5", number=9)
    amend_transaction(ledger, amended, amount=Decimal(amount), wallet_id=target)
    assert records.lines() == entries
    assert records.txids == ["T1"] * len(entries)
    assert (amended.amount, amended.wallet_id) == (Decimal(amount), target)
    moved = [0, 0, 0]
    if target != 1:
        moved[0], moved[target - 1] = -1, 1
    assert [each.transaction_count - 3 for each in wallets] == moved
    ledger.complete()
    # What moves stays inside.
    assert [each for what, *rest in records.done if what != "write" for each in rest] == [
        {"USD": (0, *each)} for each in crossed
    ]


@pytest.mark.parametrize(
    ("balances", "old", "new", "kinds"),
    [
        (("5", "0"), "5", "3", ["amend 3", "move_out 0", "move_in 3"]),
        (("5", "0"), "5", "8", ["amend 8", "move_out 0", "move_in 8"]),
        (("0", "0"), "-5", "3", ["amend 8", "move_out 5", "move_in 3"]),
        (("0", "5"), "-8", "-5", ["amend 3", "move_out 8", "move_in 0"]),
        (("0", "8"), "-5", "-8", ["move_out 5", "move_in 3", "amend 0"]),
        (("5", "8"), "5", "-8", ["move_out 0", "move_in 13", "amend 0"]),
    ],
)
def test_no_balance_is_negative_amid_a_move_that_amends(
    balances: tuple[str, str], old: str, new: str, kinds: list[str]
) -> None:
    ledger, records, _ = open_ledger(wallet(1, balances[0]), wallet(2, balances[1]))
    amend_transaction(ledger, transaction("T1", 1, old, number=9), amount=Decimal(new), wallet_id=2)
    assert [f"{kind} {after}" for _, _, kind, _, after in records.lines()] == kinds
    moved = [Decimal(amount) for _, _, kind, amount, _ in records.lines() if kind != "amend"]
    assert sum(moved) == 0


def test_an_amendment_comes_after_what_was_posted_before_it() -> None:
    ledger, records, _ = open_ledger(wallet(1, "10"))
    ledger.post(transaction("T2", 1, "1"))
    amend_transaction(ledger, transaction("T1", 1, "5", number=9), amount=Decimal(6), wallet_id=1)
    assert [(each[1], len(each[2])) for each in records.done] == [(["T2"], 1), ([], 1)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("amount", "target", "refusal", "field"),
    [
        ("5", 4, errors.NotFound, "wallet"),
        ("5", 2, errors.CurrencyMismatch, "wallet"),
        ("5", 3, errors.Invalid, "wallet"),
        ("0.001", 1, errors.ScaleExceeded, "amount"),
        ("-6", 1, errors.InsufficientFunds, "amount"),
    ],
)
def test_an_amendment_is_refused(amount: str, target: int, refusal: type[errors.WalletError], field: str) -> None:
    ledger, records, _ = open_ledger(wallet(1, "10"), wallet(2, currency="EUR"), wallet(3, owner="b"))
    amended = transaction("T1", 1, "5", number=9)
    with pytest.raises(refusal) as caught:
        amend_transaction(ledger, amended, amount=Decimal(amount), wallet_id=target)
    assert (caught.value.field, records.done, amended.amount, amended.wallet_id) == (field, [], 5, 1)
    if refusal is errors.CurrencyMismatch:
        assert caught.value.message == "A transaction of a USD wallet cannot move to a EUR wallet."
        assert caught.value.context == {"currencies": ["USD", "EUR"]}
    if refusal is errors.ScaleExceeded:
        assert caught.value.context == {"scale": 2, "currency": "USD"}


@pytest.mark.parametrize(
    ("old", "new", "refusal"),
    [("0.125", "0.135", errors.ScaleExceeded), ("999999999999999", "1000000000000001", errors.PrecisionExceeded)],
    ids=["a currency that had more places", "a short difference of long amounts"],
)
def test_an_amount_is_held_to_the_rules_where_the_difference_keeps_them(
    old: str, new: str, refusal: type[errors.WalletError], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.exact_digits", lambda: 15)
    ledger, records, _ = open_ledger(wallet(1, "10"))
    with pytest.raises(refusal) as caught:
        amend_transaction(ledger, transaction("T1", 1, old, number=9), amount=Decimal(new), wallet_id=1)
    assert (caught.value.field, records.done) == ("amount", [])


def test_a_transaction_is_given_back_and_its_name_is_free() -> None:
    one = wallet(1, "10")
    ledger, records, _ = open_ledger(one)
    posted = transaction("T1", 1, "4")
    ledger.post(posted)
    delete_transaction(ledger, posted)
    entries = [(1, 8, "post", "4", "14"), (1, 9, "delete", "-4", "10")]
    assert records.done == [("write", ["T1"], entries, "alice", FIRST, False), ("delete", "T1")]
    assert records.txids == ["T1", "T1"]
    ledger.post(transaction("T1", 1, "1"))
    delete_transaction(ledger, transaction("T0", 1, "11", number=3))
    ledger.complete()
    assert (one.balance, one.transaction_count) == (0, 3)
    assert records.done[-1] == ("totals", {"USD": (0, "5", "15")})


def test_anyone_writes_under_the_owner_of_the_wallet() -> None:
    records = Records([wallet(1, owner="b")])
    ledger = Ledger(
        principal=ANYONE, clock=lambda: FIRST, touched={}, lock_wallets=records.lock_wallets, writer=records
    )
    ledger.lock([1])
    posted = transaction("T1", 1, "1")
    ledger.post(posted)
    assert posted.owner == "b"
