"""What is decided of legs that happen together, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.records import FIRST, open_ledger, transaction
from walletsvc import errors
from walletsvc.ledger.amendments import amend_transaction, delete_transaction
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.together import Inputs, Leg, check_balanced, credits_first, decide_together
from walletsvc.ledger.wallet_changes import delete_wallet
from walletsvc.models import Transfer
from walletsvc.models.entry import Kind
from walletsvc.models.wallet import State

pytestmark = pytest.mark.without_engine

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
NAMES = Inputs(wallet="w", amount="a", conditions="c")


@pytest.fixture(autouse=True)
def digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.exact_digits", lambda: 38)


def wallet(number: int, balance: str = "0", currency: str = "USD", owner: str = "a", **rest: Any) -> LockedWallet:
    return LockedWallet(number, currency, Decimal(balance), 7, 3, owner, **rest)


def leg(one: LockedWallet, amount: str, conditions: Conditions | None = None) -> tuple[Leg, LockedWallet]:
    return Leg(transaction("T", one.id, amount), conditions, NAMES), one


def decide(*legs: tuple[Leg, LockedWallet]) -> errors.WalletError | None:
    try:
        decide_together(legs, at=AT)
    except errors.WalletError as refusal:
        return refusal
    return None


def test_a_wallet_is_judged_by_the_sum_of_its_legs() -> None:
    one = wallet(1, "10", held=Decimal(2), floor=Decimal(-1))
    assert decide(leg(one, "-100"), leg(one, "91")) is None
    refused = decide(leg(one, "91"), leg(one, "-100.01"))
    assert isinstance(refused, errors.InsufficientFunds)
    assert (refused.field, refused.context["amount"], refused.context["available"]) == ("a", "-9.01", "9.00")


def test_the_first_step_that_fails_is_told_whichever_leg_it_is_of() -> None:
    poor, frozen = wallet(1), wallet(2, "5", state=State.FROZEN)
    strict = Conditions(sequence=8)
    coarse = leg(wallet(3, currency="JPY"), "0.5")
    found = [
        decide(leg(poor, "-1"), leg(poor, "-1", strict), leg(frozen, "-1"), coarse),
        decide(leg(poor, "-1"), leg(poor, "-1", strict), leg(frozen, "-1")),
        decide(leg(poor, "-1"), leg(poor, "-1", strict), leg(frozen, "1")),
        decide(leg(poor, "-1"), leg(poor, "-1"), leg(frozen, "1")),
    ]
    assert [each and (each.code, each.field) for each in found] == [
        ("scale_exceeded", "a"),
        ("wallet_frozen", None),
        ("condition_failed", "c.sequence"),
        ("insufficient_funds", "a"),
    ]


def test_a_frozen_wallet_takes_what_it_gives() -> None:
    frozen = wallet(1, "5", state=State.FROZEN)
    assert decide(leg(frozen, "-3"), leg(frozen, "3")) is None
    assert isinstance(decide(leg(frozen, "-3"), leg(frozen, "2.99")), errors.WalletFrozen)


def test_conditions_are_of_the_wallet_after_all_legs() -> None:
    one = wallet(1, "10", held=Decimal(2))
    after = Conditions(sequence=7, balance={"eq": Decimal(9)}, available={"gte": Decimal(7)}, not_after=AT)
    assert decide(leg(one, "-3", after), leg(one, "2")) is None
    refused = decide(leg(one, "-3", after), leg(one, "1.99"))
    assert isinstance(refused, errors.ConditionFailed)
    assert (refused.field, refused.message) == (
        "c.balance.eq",
        "A condition does not hold: The balance would be 8.99.",
    )


def test_no_balance_in_between_is_out_of_range() -> None:
    full = wallet(1, "99999999999999999999", "ETH")
    refused = decide(leg(full, "1"), leg(full, "-1"))
    assert isinstance(refused, errors.OutOfRange)
    assert decide(leg(full, "-1")) is None


def test_credits_come_first_each_in_the_order_sent() -> None:
    one = wallet(1)
    ordered = credits_first([leg(one, "-1"), leg(one, "2"), leg(one, "-3"), leg(one, "4")])
    assert [each.transaction.amount for each, _ in ordered] == [2, 4, -1, -3]


def test_each_currency_sums_to_zero_with_what_is_external() -> None:
    dollars, euros = wallet(1), wallet(2, currency="EUR")
    legs = [leg(dollars, "-1.50"), leg(dollars, "0.25"), leg(euros, "2")]
    check_balanced(legs, {"USD": Decimal("1.25"), "EUR": Decimal(-2)}, field="legs")
    with pytest.raises(errors.Unbalanced) as caught:
        check_balanced(legs, {"USD": Decimal("1.25"), "JPY": Decimal(7)}, field="legs")
    assert (caught.value.field, caught.value.context) == ("legs", {"sums": {"JPY": "7", "EUR": "2.00"}})
    assert caught.value.message.endswith("it sums to 7 JPY, 2.00 EUR.")


# -- the ledger ----------------------------------------------------------------------------------------


def test_a_transfer_is_written_by_one_call_with_its_legs() -> None:
    one, two = wallet(1, "10"), wallet(2)
    ledger, records, _ = open_ledger(one, two)
    transfer = Transfer(txid="X")
    out, back = transaction("X.1", 1, "-4.50"), transaction("X.2", 2, "4.50")
    ledger.transfer(transfer, [Leg(out), Leg(back)], {})
    ledger.flush()
    # The credit is the first line, and the first leg the first transaction.
    entries = [(2, 8, "transfer_in", "4.50", "4.50"), (1, 8, "transfer_out", "-4.50", "5.50")]
    assert records.done == [
        ("transfers", [("X", ["X.1", "X.2"])]),
        ("write", ["X.1", "X.2"], entries, "alice", FIRST, False),
    ]
    assert (transfer.owner, transfer.external, transfer.created_at) == ("a", {}, FIRST)
    assert (out.owner, out.currency, out.created_at, one.balance, one.transaction_count) == (
        "a",
        "USD",
        FIRST,
        Decimal("5.50"),
        4,
    )


def test_what_is_refused_leaves_the_ledger_as_it_was() -> None:
    one, two = wallet(1, "10"), wallet(2)
    ledger, records, _ = open_ledger(one, two)
    ledger.post(transaction("X.2", 2, "1"))
    wrong: list[tuple[str, list[Leg], type[errors.WalletError]]] = [
        ("missing", [Leg(transaction("A.1", 1, "-1")), Leg(transaction("A.2", 3, "1"))], errors.NotFound),
        ("unbalanced", [Leg(transaction("A.1", 1, "-1")), Leg(transaction("A.2", 2, "2"))], errors.Unbalanced),
        ("poor", [Leg(transaction("A.1", 1, "-11")), Leg(transaction("A.2", 2, "11"))], errors.InsufficientFunds),
        ("taken", [Leg(transaction("A.1", 1, "-1")), Leg(transaction("X.2", 2, "1"))], errors.DuplicateTxid),
    ]
    for txid, legs, kind in wrong:
        with pytest.raises(kind):
            ledger.transfer(Transfer(txid=txid), legs, {})
    ledger.flush()
    assert records.done == [("write", ["X.2"], [(2, 8, "post", "1", "1")], "alice", FIRST, False)]
    assert (one.balance, one.sequence, two.balance) == (10, 7, 1)
    # Its name, and that of its first leg, are free.
    ledger.transfer(Transfer(txid="taken"), [Leg(transaction("A.1", 1, "-1")), Leg(transaction("A.2", 2, "1"))], {})


def test_a_transfer_that_is_taken_back_was_never_there() -> None:
    one, two = wallet(1, "10"), wallet(2)
    ledger, records, _ = open_ledger(one, two)
    ledger.post(transaction("T1", 2, "1"))
    mark = ledger.mark()
    legs = [Leg(transaction("X.1", 1, "-3")), Leg(transaction("X.2", 2, "2")), Leg(transaction("X.3", 2, "1"))]
    ledger.transfer(Transfer(txid="X"), legs, {})
    ledger.take_back(mark)
    assert [(each.balance, each.sequence, each.transaction_count) for each in (one, two)] == [(10, 7, 3), (1, 8, 4)]
    ledger.transfer(Transfer(txid="X"), legs, {})
    ledger.complete()
    entries = [
        (2, 8, "post", "1", "1"),
        (2, 9, "transfer_in", "2", "3"),
        (2, 10, "transfer_in", "1", "4"),
        (1, 8, "transfer_out", "-3", "7"),
    ]
    assert records.done == [
        ("transfers", [("X", ["X.1", "X.2", "X.3"])]),
        ("write", ["T1", "X.1", "X.2", "X.3"], entries, "alice", FIRST, False),
        ("totals", {"USD": (4, "1", "0")}),
    ]


def test_of_several_owners_a_transfer_is_nobodys_and_its_name_is_taken_once() -> None:
    one, two = wallet(1, "10"), wallet(2, owner="b")
    ledger, records, _ = open_ledger(one, two)
    transfer = Transfer(txid="X")
    ledger.transfer(
        transfer, [Leg(transaction("X.1", 1, "-3")), Leg(transaction("X.2", 2, "1"))], {"USD": Decimal(2)}
    )
    assert (transfer.owner, transfer.external) == ("", {"USD": "2"})
    again = [Leg(transaction("Y.1", 1, "-1")), Leg(transaction("Y.2", 2, "1"))]
    with pytest.raises(errors.DuplicateTxid):
        ledger.transfer(Transfer(txid="X"), again, {}, kind=Kind.REVERSAL)
    ledger.transfer(Transfer(txid="Y"), again, {}, kind=Kind.REVERSAL)
    ledger.flush()
    assert [each[2] for each in records.lines()] == ["transfer_in", "transfer_out", "reversal", "reversal"]


# -- bonds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bond", [{"transfer_id": 3}, {"hold_id": 3}, {"reversal_of_id": 3}, {"reversed": Decimal("0.01")}]
)
def test_what_is_bound_is_not_changed(bond: dict[str, Any]) -> None:
    one, two = wallet(1, "10"), wallet(2)
    ledger, records, _ = open_ledger(one, two)
    bound = transaction("T1", 1, "5", number=5)
    vars(bound).update(bond)
    for change in (
        lambda: amend_transaction(ledger, bound, amount=Decimal(4), wallet_id=1),
        lambda: amend_transaction(ledger, bound, amount=Decimal(5), wallet_id=2),
        lambda: delete_transaction(ledger, bound),
    ):
        with pytest.raises(errors.TransactionBound) as caught:
            change()
        assert caught.value.context == {"transaction": 5}
    amend_transaction(ledger, bound, amount=Decimal(5), wallet_id=1)
    assert (records.done, one.balance, one.sequence) == ([], 10, 7)


def test_a_wallet_with_bonds_is_not_deleted() -> None:
    one = wallet(1)
    ledger, records, _ = open_ledger(one)
    records.bound.add(1)
    with pytest.raises(errors.TransactionBound) as caught:
        delete_wallet(ledger, 1)
    assert (caught.value.context, records.done) == ({"wallet": 1}, [])
    records.bound.clear()
    delete_wallet(ledger, 1)
    assert records.done == [("delete", 1)]
