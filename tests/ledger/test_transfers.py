"""Transfers: transactions that happen together, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from tests.ledger.state import assert_reconciled, balance, lines, refused
from tests.writes import open_wallet, post_transaction, post_transfer
from walletsvc.models import Transaction, Transfer, Wallet
from walletsvc.models.wallet import State
from walletsvc.principals import ANYONE

pytestmark = pytest.mark.django_db

EARLIER = datetime(2026, 1, 30, tzinfo=UTC)
MORNING = datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def source() -> Wallet:
    return open_wallet(principal=ANYONE, label="Source", balance="100.00", clock=lambda: EARLIER)


@pytest.fixture
def destination() -> Wallet:
    return open_wallet(principal=ANYONE, label="Destination", balance="10.00", clock=lambda: EARLIER)


def move(*legs: tuple[Wallet, str], **values: Any) -> Transfer:
    """Post a transfer with these legs."""
    return post_transfer(
        principal=ANYONE,
        txid=values.pop("txid", "T1"),
        legs=[{"wallet": str(wallet.id), "amount": amount} for wallet, amount in legs],
        **values,
    )


def legs(transfer: Transfer) -> list[tuple[str, int, Decimal]]:
    return list(transfer.legs.order_by("id").values_list("txid", "wallet_id", "amount"))


def test_a_transfer_makes_two_transactions(source: Wallet, destination: Wallet) -> None:
    transfer = post_transfer(
        principal=ANYONE,
        txid="T1",
        source_id=str(source.id),
        destination_id=destination.id,
        amount="100.00",
        description="Rent",
        metadata={"a": 1},
        clock=lambda: MORNING,
    )
    columns = ("txid", "wallet_id", "amount", "currency", "description", "metadata", "transfer_id", "created_at")
    common = ("USD", "Rent", {}, transfer.id, MORNING)
    assert list(Transaction.objects.order_by("id").values_list(*columns)) == [
        ("T1.1", source.id, Decimal(-100), *common),
        ("T1.2", destination.id, Decimal(100), *common),
    ]
    assert lines(source.id)[1:] == [(2, "transfer_out", "-100.00", "0.00", "T1.1")]
    assert lines(destination.id)[1:] == [(2, "transfer_in", "100.00", "110.00", "T1.2")]
    stored = Transfer.objects.get()
    assert (stored.txid, stored.owner, stored.description, stored.metadata) == ("T1", "", "Rent", {"a": 1})
    assert (stored.id, stored.external, stored.reversal_of_id, stored.created_at) == (transfer.id, {}, None, MORNING)
    assert_reconciled()


def test_what_is_external_goes_through_the_border(source: Wallet, destination: Wallet) -> None:
    transfer = move(
        (source, "97.00"), (destination, "3.00"), external=[{"currency": "USD", "amount": "-100.00"}], txid="D1"
    )
    assert legs(transfer) == [("D1.1", source.id, Decimal(97)), ("D1.2", destination.id, Decimal(3))]
    assert Transfer.objects.get().external == {"USD": "-100"}
    assert (balance(source.id), balance(destination.id)) == ("197.00", "13.00")
    one = move((source, "-0.50"), external=[{"currency": "USD", "amount": "0.50"}], txid="D2")
    assert legs(one) == [("D2.1", source.id, Decimal("-0.5"))]
    assert_reconciled()


def test_an_exchange_has_legs_in_two_currencies(source: Wallet) -> None:
    euros = open_wallet(principal=ANYONE, label="Euros", currency="EUR", balance="5.00")
    dollars = open_wallet(principal=ANYONE, label="Dollars", currency="USD")
    mine = open_wallet(principal=ANYONE, label="Mine", currency="EUR")
    move((source, "-10.00"), (dollars, "10.00"), (euros, "-5.00"), (mine, "5.00"))
    assert [balance(each.id) for each in (source, dollars, euros, mine)] == ["90.00", "10.00", "0.00", "5.00"]
    with refused(("unbalanced", "legs")) as caught:
        move((source, "-10.00"), (dollars, "9.00"), (mine, "-5.00"), (euros, "5.01"), txid="T2")
    assert caught.value.context == {"sums": {"USD": "-1.00", "EUR": "0.01"}}
    with refused(("unbalanced", "legs")):
        move((source, "-1"), (dollars, "1"), external=[{"currency": "JPY", "amount": "1"}], txid="T2")
    assert_reconciled()


def test_a_wallet_on_both_sides_is_judged_by_its_net(source: Wallet, destination: Wallet) -> None:
    third = open_wallet(principal=ANYONE, label="Third")
    transfer = move((third, "-40.00"), (source, "-100.00"), (third, "100.00"), (destination, "40.00"))
    assert [each[0] for each in legs(transfer)] == ["T1.1", "T1.2", "T1.3", "T1.4"]
    # Its credit is first, so that it never owes anything.
    assert lines(third.id) == [
        (1, "transfer_in", "100.00", "100.00", "T1.3"),
        (2, "transfer_out", "-40.00", "60.00", "T1.1"),
    ]
    with refused(("insufficient_funds", "legs.0.amount")) as caught:
        move((third, "-61.00"), (third, "0.50"), (destination, "60.50"), txid="T2")
    assert (caught.value.context["amount"], caught.value.context["available"]) == ("-60.50", "60.00")
    assert_reconciled()


def test_a_hundred_legs_and_no_more(source: Wallet, destination: Wallet) -> None:
    transfer = move((source, "-0.99"), *[(destination, "0.01")] * 99)
    assert [each[0] for each in legs(transfer)] == [f"T1.{number}" for number in range(1, 101)]
    assert (balance(source.id), balance(destination.id)) == ("99.01", "10.99")
    with refused(("too_many", "legs")) as caught:
        move((source, "-1.00"), *[(destination, "0.01")] * 100, txid="T2")
    assert caught.value.context == {"limit": 100}
    assert_reconciled()


def test_as_much_as_is_available_is_moved(source: Wallet, destination: Wallet) -> None:
    move_up_to = partial(post_transfer, principal=ANYONE, source_id=source.id, destination_id=destination.id)
    Wallet.objects.filter(id=source.id).update(floor="20", available="80")
    assert legs(move_up_to(txid="T1", up_to="79.99"))[1][2] == Decimal("79.99")
    assert legs(move_up_to(txid="T2", up_to="79.99"))[1][2] == Decimal("0.01")
    with refused(("insufficient_funds", "up_to")) as caught:
        move_up_to(txid="T3", up_to="79.99")
    assert (caught.value.context["available"], caught.value.context["amount"]) == ("0.00", "-79.99")
    with refused(("scale_exceeded", "up_to")):
        move_up_to(txid="T3", up_to="79.999")
    with refused(("invalid", "up_to")):
        move_up_to(txid="T3", up_to="1", amount="1")
    with refused(("invalid_amount", "up_to")):
        move_up_to(txid="T3", up_to="-1")


def test_a_transfer_does_not_overdraw_its_source(source: Wallet, destination: Wallet) -> None:
    with refused(("insufficient_funds", "amount")) as caught:
        post_transfer(
            principal=ANYONE, txid="T1", source_id=source.id, destination_id=destination.id, amount="100.01"
        )
    assert (caught.value.context["wallet"], caught.value.context["balance"]) == (source.id, "100.00")


def test_the_first_step_that_fails_is_told(source: Wallet, destination: Wallet) -> None:
    nobody = Wallet(id=source.id + destination.id)
    Wallet.objects.filter(id=destination.id).update(state=State.CLOSED)
    with refused(("not_found", "legs.2.wallet")):
        move((source, "-200.00"), (destination, "100.00"), (nobody, "100.00"))
    with refused(("wallet_closed", "legs.1.wallet")):
        move((source, "-200.00"), (destination, "200.00"))
    Wallet.objects.filter(id=destination.id).update(state=State.FROZEN)
    with refused(("wallet_frozen", None)) as caught:
        move((source, "-200.00"), (destination, "-1.00"), external=[{"currency": "USD", "amount": "201.00"}])
    assert caught.value.context == {"wallet": destination.id}
    # It takes credits, and gives back what it gets with the same transfer.
    move((source, "-5.00"), (destination, "5.00"))
    move((source, "-2.00"), (destination, "-3.00"), (destination, "5.00"), txid="T2")
    assert balance(destination.id) == "17.00"


def test_the_names_of_a_transfer_and_its_legs_must_be_free(source: Wallet, destination: Wallet) -> None:
    moved = partial(post_transfer, principal=ANYONE, source_id=source.id, destination_id=destination.id)
    for number in (1, 2):
        holder = post_transaction(principal=ANYONE, txid=f"T{number}.{number}", wallet_id=source.id, amount="1")
        with refused(("duplicate_txid", "txid")) as caught:
            moved(txid=f"T{number}", amount="1")
        assert caught.value.context == {"transaction": holder.id, "txid": f"T{number}.{number}"}
    # A transaction may have the name of a transfer.
    post_transaction(principal=ANYONE, txid="T3", wallet_id=source.id, amount="1")
    moved(txid="T3", amount="1")


def test_a_transfer_that_is_repeated_learns_that_it_was_done(source: Wallet, destination: Wallet) -> None:
    moved = partial(post_transfer, principal=ANYONE, source_id=source.id, destination_id=destination.id, txid="T1")
    done = moved(amount="60")
    # That is also where the money would not suffice to do it again.
    with refused(("duplicate_txid", "txid")) as caught:
        moved(amount="60.00")
    assert caught.value.context == {"transfer": done.id, "is_same": True}
    with refused(("duplicate_txid", "txid")) as caught:
        moved(amount="1")
    assert caught.value.context == {"transfer": done.id, "is_same": False}


def test_a_transfer_takes_two_wallets_of_one_currency(source: Wallet) -> None:
    euros = open_wallet(principal=ANYONE, label="Euros", currency="EUR")
    with refused(("invalid", "destination")):
        post_transfer(principal=ANYONE, txid="T1", source_id=source.id, destination_id=str(source.id), amount="1")
    with refused(("currency_mismatch", "destination")) as caught:
        post_transfer(principal=ANYONE, txid="T1", source_id=source.id, destination_id=euros.id, amount="1")
    assert caught.value.context == {"currencies": ["USD", "EUR"]}


def test_the_missing_wallet_is_named(source: Wallet) -> None:
    nobody = source.id + 1
    with refused(("not_found", "destination")):
        post_transfer(principal=ANYONE, txid="T1", source_id=source.id, destination_id=nobody, amount="1")
    with refused(("not_found", "source")):
        post_transfer(principal=ANYONE, txid="T1", source_id=nobody, destination_id=source.id, amount="1")


@pytest.mark.parametrize(
    ("amount", "code"),
    [("-1", "invalid_amount"), ("0", "invalid_amount"), ("1.001", "scale_exceeded"), (None, "required")],
)
def test_the_amount_of_a_transfer_is_positive(source: Wallet, destination: Wallet, amount: object, code: str) -> None:
    with refused((code, "amount")):
        post_transfer(principal=ANYONE, txid="T1", source_id=source.id, destination_id=destination.id, amount=amount)


def test_all_problems_of_a_transfer_are_reported_at_once() -> None:
    with refused(("required", "txid"), ("required", "amount"), ("required", "source"), ("required", "destination")):
        post_transfer(principal=ANYONE)
    # 252 characters leave no room for ".100".
    with refused(("too_long", "txid"), ("invalid", "description"), ("invalid", "metadata"), ("invalid", "source")):
        post_transfer(
            principal=ANYONE, txid="x" * 252, source_id=True, destination_id=1, amount="1", description=1, metadata=1
        )
    with refused(
        ("invalid", "source"),
        ("unknown_currency", "external.0.currency"),
        ("invalid_amount", "external.1.amount"),
        ("invalid", "external.3.currency"),
        ("invalid", "external.4"),
        ("required", "legs.0.wallet"),
        ("invalid_amount", "legs.0.amount"),
        ("invalid", "legs.1"),
        ("invalid", "legs.2"),
        ("invalid", "legs.3.description"),
    ):
        post_transfer(
            principal=ANYONE,
            txid="T1",
            source="1",
            legs=[
                {"amount": "0"},
                "7",
                {"wallet": "1", "amount": "1", "sum": "1"},
                {"wallet": "1", "amount": "1", "description": 1},
            ],
            external=[
                {"currency": "XXX", "amount": "1"},
                {"currency": "JPY", "amount": "0"},
                {"currency": "USD", "amount": "1"},
                {"currency": "USD", "amount": "1"},
                7,
            ],
        )


@pytest.mark.parametrize("sent", [[], [{"wallet": "1", "amount": "1"}], "1", {"wallet": "1"}])
def test_a_transfer_needs_two_legs_or_the_outside(sent: object) -> None:
    with refused(("invalid", "legs")):
        post_transfer(principal=ANYONE, txid="T1", legs=sent)
    with refused(
        ("required", "amount"), ("required", "source"), ("required", "destination"), ("invalid", "external")
    ):
        post_transfer(principal=ANYONE, txid="T1", external=[{"currency": "USD", "amount": "1"}])
