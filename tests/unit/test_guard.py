"""The guard's decisions: pure, so numbers alone describe each case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from walletsvc import errors
from walletsvc.ledger import guard
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.guard import check_amount
from walletsvc.ledger.locked_wallets import LockedWallet

pytestmark = pytest.mark.without_engine

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture(params=[15, 38])
def digits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let the database keep so many digits."""
    monkeypatch.setattr("walletsvc.db.dialect.exact_digits", lambda: request.param)
    return int(request.param)


def wallet(balance: str, currency: str = "ETH", *, held: str = "0", floor: str = "0", **rest: Any) -> LockedWallet:
    return LockedWallet(7, currency, Decimal(balance), 4, 3, "", Decimal(held), Decimal(floor), **rest)


def decide(one: LockedWallet, change: str, held: str = "0", **rest: Any) -> tuple[str, str]:
    balance, held_after = guard.decide(one, Decimal(change), Decimal(held), field="credit", **rest)
    return str(balance), str(held_after)


@pytest.mark.parametrize(
    ("balance", "change", "after"),
    [
        ("0", "0", "0"),
        ("1.50", "2.25", "3.75"),
        ("3.75", "-3.75", "0.00"),
        ("90000000000000000000", "9000000000000000000", "99000000000000000000"),
    ],
)
def test_a_balance_is_the_exact_sum(digits: int, balance: str, change: str, after: str) -> None:
    assert decide(wallet(balance), change) == (after, "0")


@pytest.mark.parametrize(
    ("balance", "held", "floor", "change", "held_change", "after"),
    [
        ("10", "4", "0", "-6", "0", ("4", "4")),
        ("10", "4", "1", "-5", "0", ("5", "4")),
        ("10", "0", "-5", "-15", "0", ("-5", "0")),
        ("-5", "0", "-5", "3", "0", ("-2", "0")),
        ("10", "4", "0", "0", "6", ("10", "10")),
        # A capture takes what is held, so nothing else needs to be available.
        ("10", "10", "0", "-10", "-10", ("0", "0")),
        ("0", "5", "-5", "-2", "-5", ("-2", "0")),
        ("0.3", "0.1", "0.2", "0", "-0.1", ("0.3", "0.0")),
    ],
)
def test_a_debit_or_a_hold_takes_at_most_what_is_available(
    digits: int, balance: str, held: str, floor: str, change: str, held_change: str, after: tuple[str, str]
) -> None:
    one = wallet(balance, held=held, floor=floor)
    assert decide(one, change, held_change) == after
    # One unit less would be available, and then it does not.
    for poorer in ({"balance": Decimal(balance) - 10}, {"floor": Decimal(floor) + 10}):
        for name, value in poorer.items():
            setattr(one, name, value)
        with pytest.raises(errors.InsufficientFunds):
            decide(one, change, held_change)


def test_a_refusal_says_what_there_is(digits: int) -> None:
    with pytest.raises(errors.InsufficientFunds) as caught:
        decide(wallet("1", "USD"), "-1.01")
    context = {"held": "0.00", "floor": "0.00", "available": "1.00", "currency": "USD", "wallet": 7}
    assert (caught.value.field, caught.value.context) == (
        "credit",
        context | {"balance": "1.00", "amount": "-1.01"},
    )
    with pytest.raises(errors.InsufficientFunds) as caught:
        decide(wallet("-1", "USD", held="2", floor="-5.5"), "0", "2.51")
    assert caught.value.context == context | {
        "balance": "-1.00",
        "held": "2.00",
        "floor": "-5.50",
        "available": "2.50",
        "amount": "-2.51",
    }


@pytest.mark.parametrize(
    ("balance", "floor", "change"),
    [
        ("90000000000000000000", "0", "10000000000000000000"),
        ("90000000000000000000", "0", "20000000000000000000"),
        ("-90000000000000000000", "-99999999999999999999", "-10000000000000000000"),
        ("90000000000000000000", "-20000000000000000000", "1000000000000000000"),
    ],
)
def test_what_is_stored_stays_within_the_limit(digits: int, balance: str, floor: str, change: str) -> None:
    with pytest.raises((errors.OutOfRange, errors.InsufficientFunds)) as caught:
        decide(wallet(balance, floor=floor), change)
    assert caught.value.field == "credit"


def test_a_change_has_no_more_places_than_the_currency(digits: int) -> None:
    for change in (("0.001", "0"), ("0", "0.001")):
        with pytest.raises(errors.ScaleExceeded) as caught:
            decide(wallet("1", "USD"), *change)
        assert (caught.value.field, caught.value.context) == ("credit", {"currency": "USD", "scale": 2})


@pytest.mark.parametrize("digits", [15], indirect=True)
@pytest.mark.parametrize(
    ("one", "change", "found"),
    [
        (wallet("0"), "-1.234567890123456", 16),
        (wallet("1000000"), "0.000000001", 16),
        (wallet("9"), "-1.234567890123456", 16),
        (wallet("1000000", floor="0.000000001"), "1", 16),
    ],
    ids=["a change, before the balance", "a balance", "a change that leaves a short balance", "what is available"],
)
def test_a_value_that_the_database_cannot_store_is_refused(
    digits: int, one: LockedWallet, change: str, found: int
) -> None:
    with pytest.raises(errors.PrecisionExceeded) as caught:
        decide(one, change)
    assert (caught.value.field, caught.value.context) == ("credit", {"limit": 15})
    assert caught.value.message.endswith(f" has {found}.")


@pytest.mark.parametrize("digits", [15], indirect=True)
def test_an_amount_is_checked_alone(digits: int) -> None:
    check_amount(Decimal("123456789012345"), currency="USD", field="amount")
    with pytest.raises(errors.PrecisionExceeded) as precise:
        check_amount(Decimal("1234567890123456"), currency="USD", field="amount")
    with pytest.raises(errors.ScaleExceeded) as fine:
        check_amount(Decimal("0.125"), currency="USD", field="amount")
    assert (precise.value.field, fine.value.field) == ("amount", "amount")


def test_nothing_leaves_a_frozen_wallet(digits: int) -> None:
    one = wallet("10", held="4", state="frozen")
    # Credits, captures of what is held and releases do not lessen what is available.
    assert decide(one, "1") == ("11", "4")
    assert decide(one, "-3", "-3") == ("7", "1")
    assert decide(one, "0", "-4") == ("10", "0")
    for change, held in (("-0.01", "0"), ("0", "0.01"), ("-3", "-2.99"), ("-100", "0")):
        with pytest.raises(errors.WalletFrozen) as caught:
            decide(one, change, held)
        assert caught.value.context == {"wallet": 7}
    # The amount itself is wrong in any state.
    with pytest.raises(errors.ScaleExceeded):
        decide(wallet("10", "USD", state="frozen"), "-0.001")


@pytest.mark.parametrize(
    "conditions",
    [
        Conditions(sequence=4),
        Conditions(balance={"eq": Decimal(7)}),
        Conditions(balance={"gt": Decimal("6.99"), "lt": Decimal("7.01")}),
        Conditions(balance={"gte": Decimal(7), "lte": Decimal(7)}),
        Conditions(available={"eq": Decimal(3)}),
        Conditions(not_after=AT),
        Conditions(sequence=4, balance={"eq": Decimal(7)}, available={"lte": Decimal(3)}, not_after=AT),
    ],
)
def test_a_change_happens_while_its_conditions_hold(digits: int, conditions: Conditions) -> None:
    assert decide(wallet("10", held="3", floor="1"), "-3", conditions=conditions, at=AT) == ("7", "3")


@pytest.mark.parametrize(
    ("conditions", "which"),
    [
        (Conditions(sequence=3), "sequence"),
        (Conditions(sequence=5), "sequence"),
        (Conditions(balance={"eq": Decimal(10)}), "balance.eq"),
        (Conditions(balance={"gt": Decimal(7)}), "balance.gt"),
        (Conditions(balance={"lt": Decimal(7)}), "balance.lt"),
        (Conditions(balance={"gte": Decimal("7.01")}), "balance.gte"),
        (Conditions(balance={"lte": Decimal("6.99")}), "balance.lte"),
        (Conditions(balance={"gte": Decimal(7)}, available={"gt": Decimal(3)}), "available.gt"),
        (Conditions(not_after=AT - MICROSECOND), "not_after"),
    ],
)
def test_a_change_is_refused_once_a_condition_does_not_hold(digits: int, conditions: Conditions, which: str) -> None:
    one = wallet("10", "USD", held="3", floor="1")
    with pytest.raises(errors.ConditionFailed) as caught:
        decide(one, "-3", conditions=conditions, at=AT)
    assert (caught.value.field, caught.value.context) == (
        f"conditions.{which}",
        {"sequence": 4, "balance": "10.00", "available": "6.00", "currency": "USD", "wallet": 7},
    )


def test_conditions_come_before_what_is_available_and_after_the_state(digits: int) -> None:
    conditions = Conditions(sequence=1)
    with pytest.raises(errors.ConditionFailed):
        decide(wallet("1"), "-2", conditions=conditions, at=AT)
    with pytest.raises(errors.WalletFrozen):
        decide(wallet("1", state="frozen"), "-2", conditions=conditions, at=AT)
