"""The guard's decisions: pure, so numbers alone describe each case."""

from __future__ import annotations

from decimal import Decimal

import pytest

from walletsvc import errors
from walletsvc.ledger.guard import check_amount, decide_balance

pytestmark = pytest.mark.without_engine


@pytest.fixture(params=[15, 38])
def digits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let the database keep so many digits."""
    monkeypatch.setattr("walletsvc.db.dialect.exact_digits", lambda: request.param)
    return int(request.param)


def decide(balance: str, change: str, currency: str = "ETH") -> Decimal:
    return decide_balance(Decimal(balance), Decimal(change), currency=currency, wallet_id=7, field="credit")


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
    assert str(decide(balance, change)) == after


def test_no_balance_falls_below_zero(digits: int) -> None:
    with pytest.raises(errors.InsufficientFunds) as caught:
        decide("1", "-1.01", currency="USD")
    assert (caught.value.field, caught.value.context) == (
        "credit",
        {"balance": "1.00", "amount": "-1.01", "currency": "USD", "wallet": 7},
    )
    with pytest.raises(errors.InsufficientFunds) as caught:
        decide("1", "-2", currency="USD")
    assert caught.value.context["amount"] == "-2.00"


@pytest.mark.parametrize("change", ["10000000000000000000", "20000000000000000000"])
def test_a_balance_stays_below_the_limit(digits: int, change: str) -> None:
    with pytest.raises(errors.OutOfRange) as caught:
        decide("90000000000000000000", change)
    assert caught.value.field == "credit"


def test_a_change_has_no_more_places_than_the_currency(digits: int) -> None:
    with pytest.raises(errors.ScaleExceeded) as caught:
        decide("1", "0.001", currency="USD")
    assert (caught.value.field, caught.value.context) == ("credit", {"currency": "USD", "scale": 2})


@pytest.mark.parametrize("digits", [15], indirect=True)
@pytest.mark.parametrize(
    ("balance", "change", "found"),
    [("0", "-1.234567890123456", 16), ("1000000", "0.000000001", 16), ("9", "-1.234567890123456", 16)],
    ids=["a change, before the balance", "a balance", "a change that leaves a short balance"],
)
def test_a_value_that_the_database_cannot_store_is_refused(
    digits: int, balance: str, change: str, found: int
) -> None:
    with pytest.raises(errors.PrecisionExceeded) as caught:
        decide(balance, change)
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
