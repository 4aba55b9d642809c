"""The limits of amounts and balances: scale, precision and range, in every operation that changes a balance."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from tests.ledger.state import assert_reconciled, balance, lines, refused, snapshot
from tests.writes import amend_transaction, delete_transaction, open_wallet, post_transaction, post_transfer
from walletsvc import errors
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

LARGEST = "99999999999999999999.999999999999999999"  # 20 + 18 digits: DECIMAL(38, 18)
SMALLEST = "0.000000000000000001"


def is_exact() -> bool:
    """Tell whether the engine keeps all 38 digits. SQLite keeps 15."""
    return connection.vendor != "sqlite"


def accept_or_refuse(operation: Callable[[], object]) -> bool:
    """Run what takes more than 15 digits: done on an exact engine, refused with nothing changed on SQLite."""
    if is_exact():
        operation()
        assert_reconciled()
        return True
    before = snapshot()
    with pytest.raises(errors.PrecisionExceeded) as caught:
        operation()
    assert caught.value.context == {"limit": 15}
    assert snapshot() == before
    return False


def post(wallet: Wallet, amount: object, txid: str = "T1") -> Transaction:
    return post_transaction(principal=ANYONE, txid=txid, wallet_id=wallet.id, amount=amount)


def ether(label: str, amount: str = "0") -> Wallet:
    return open_wallet(principal=ANYONE, label=label, currency="ETH", balance=amount)


@pytest.mark.parametrize(
    ("currency", "fits", "too_fine"),
    [
        ("USD", "0.01", "0.001"),
        ("JPY", "1", "0.1"),
        ("BHD", "0.001", "0.0001"),
        ("BTC", "0.00000001", "0.000000001"),
        ("ETH", "0.000000000000000001", "0.0000000000000000001"),
    ],
)
def test_an_amount_has_no_more_decimal_places_than_its_currency(currency: str, fits: str, too_fine: str) -> None:
    wallet = open_wallet(principal=ANYONE, label="A", currency=currency, balance=fits)
    other = open_wallet(principal=ANYONE, label="B", currency=currency)
    transaction = post(wallet, f"-{fits}")
    assert lines(wallet.id) == [
        (1, "opening", fits, fits, ""),
        (2, "post", f"-{fits}", balance(other.id), "T1"),
    ]
    with refused(("scale_exceeded", "balance")):
        open_wallet(principal=ANYONE, label="C", currency=currency, balance=too_fine)
    with refused(("scale_exceeded", "amount")):
        post(wallet, too_fine, txid="T2")
    with refused(("scale_exceeded", "amount")):
        amend_transaction(principal=ANYONE, transaction_id=transaction.id, amount=too_fine)
    with refused(("scale_exceeded", "amount")):
        amend_transaction(principal=ANYONE, transaction_id=transaction.id, amount=too_fine, wallet_id=other.id)
    with refused(("scale_exceeded", "amount")):
        post_transfer(principal=ANYONE, txid="T3", source_id=wallet.id, destination_id=other.id, amount=too_fine)
    assert_reconciled()


def test_trailing_zeros_are_no_decimal_places() -> None:
    wallet = open_wallet(principal=ANYONE, label="Yen", currency="JPY", balance="5.000")
    assert balance(post(wallet, "1.0").wallet_id) == "6"


@pytest.mark.parametrize("amount", ["1234567890123.45", "-1234567890123.45"])
def test_fifteen_digits_are_exact_on_every_engine(amount: str) -> None:
    wallet = open_wallet(principal=ANYONE, label="A", balance="1234567890123.45")
    transaction = post(wallet, amount)
    assert Transaction.objects.get(id=transaction.id).amount == Decimal(amount)
    assert balance(wallet.id) == f"{Decimal('1234567890123.45') + Decimal(amount):.2f}"
    assert_reconciled()


def test_more_than_fifteen_digits_are_exact_or_refused() -> None:
    wallet = ether("A", "1")
    if accept_or_refuse(lambda: post(wallet, "1.234567890123456789")):
        assert balance(wallet.id) == "2.234567890123456789"
        amend_transaction(principal=ANYONE, transaction_id=Transaction.objects.get().id, amount=SMALLEST)
        assert lines(wallet.id)[-1][2:4] == ("-1.234567890123456788", "1.000000000000000001")
    accept_or_refuse(lambda: ether("B", LARGEST))


def test_a_balance_of_more_than_fifteen_digits_is_exact_or_refused() -> None:
    wallet = ether("A", "1000000")
    if accept_or_refuse(lambda: post(wallet, SMALLEST)):
        assert balance(wallet.id) == "1000000.000000000000000001"


def test_a_difference_of_more_than_fifteen_digits_is_exact_or_refused() -> None:
    wallet = ether("A", "999999999999999")
    transaction = post(wallet, "-999999999999999")
    amend = {"principal": ANYONE, "transaction_id": transaction.id, "amount": "999999999999999"}
    accept_or_refuse(lambda: amend_transaction(**amend))


def test_the_smallest_and_the_largest_meet_exactly_or_not_at_all() -> None:
    if not accept_or_refuse(lambda: ether("A", LARGEST)):
        return
    wallet = Wallet.objects.get(label="A")
    with refused(("out_of_range", "amount")) as caught:
        post(wallet, SMALLEST)
    assert caught.value.context == {"limit": "100000000000000000000"}
    post(wallet, f"-{SMALLEST}")
    assert balance(wallet.id) == "99999999999999999999.999999999999999998"
    with refused(("out_of_range", "amount")):
        post(wallet, "0.000000000000000002", txid="T2")
    post(wallet, "-99999999999999999999.999999999999999998", txid="T3")
    assert balance(wallet.id) == "0.000000000000000000"
    assert_reconciled()


def test_a_balance_stays_within_its_column() -> None:
    wallet = ether("A", "90000000000000000000")
    with refused(("out_of_range", "amount")):
        post(wallet, "10000000000000000000")
    transaction = post(wallet, "9000000000000000000")
    with refused(("out_of_range", "amount")):
        amend_transaction(principal=ANYONE, transaction_id=transaction.id, amount="10000000000000000000")
    source = ether("B", "1000000000000000000")
    with refused(("out_of_range", "amount")):
        post_transfer(
            principal=ANYONE, txid="T2", source_id=source.id, destination_id=wallet.id, amount="1000000000000000000"
        )
    moved = post(source, "-1000000000000000000", txid="T3")
    amend_transaction(principal=ANYONE, transaction_id=moved.id, amount="90000000000000000000")
    with refused(("out_of_range", "amount")):
        amend_transaction(principal=ANYONE, transaction_id=moved.id, wallet_id=wallet.id)
    assert_reconciled()


def test_a_deletion_does_not_lift_a_balance_out_of_range() -> None:
    wallet = ether("A", "90000000000000000000")
    debit = post(wallet, "-90000000000000000000")
    post(wallet, "10000000000000000000", txid="T2")
    with refused(("out_of_range", "amount")):
        delete_transaction(principal=ANYONE, transaction_id=debit.id)


@pytest.mark.parametrize(
    "amount",
    [
        "100000000000000000000",
        "-100000000000000000000",
        10**20,
        pytest.param(10**5000, id="more digits than Python prints"),
        Decimal(10) ** 50,
    ],
)
def test_an_amount_that_no_wallet_can_hold_is_refused(amount: object) -> None:
    wallet = ether("A", "1")
    with refused(("out_of_range", "amount")):
        post(wallet, amount)
    with refused(("out_of_range", "balance")):
        open_wallet(principal=ANYONE, label="B", currency="ETH", balance=amount)
