"""Transfers: two transactions, all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest

from tests.ledger.state import assert_reconciled, lines, refused
from tests.writes import open_wallet, post_transaction, post_transfer
from walletsvc.models import Transaction, Wallet
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
    columns = ("id", "txid", "wallet_id", "amount", "currency", "description", "metadata", "created_at", "updated_at")
    common = ("USD", "Rent", {"a": 1}, MORNING, MORNING)
    assert list(Transaction.objects.order_by("id").values_list(*columns)) == [
        (transfer.debit.id, "T1.out", source.id, Decimal(-100), *common),
        (transfer.credit.id, "T1.in", destination.id, Decimal(100), *common),
    ]
    assert lines(source.id)[1:] == [(2, "transfer_out", "-100.00", "0.00", "T1.out")]
    assert lines(destination.id)[1:] == [(2, "transfer_in", "100.00", "110.00", "T1.in")]
    assert_reconciled()


def test_a_transfer_does_not_overdraw_its_source(source: Wallet, destination: Wallet) -> None:
    with refused(("insufficient_funds", "amount")) as caught:
        post_transfer(
            principal=ANYONE, txid="T1", source_id=source.id, destination_id=destination.id, amount="100.01"
        )
    assert (caught.value.context["wallet"], caught.value.context["balance"]) == (source.id, "100.00")


@pytest.mark.parametrize("taken", ["T1.out", "T1.in"])
def test_both_txids_of_a_transfer_must_be_free(source: Wallet, destination: Wallet, taken: str) -> None:
    holder = post_transaction(principal=ANYONE, txid=taken, wallet_id=source.id, amount="1")
    with refused(("duplicate_txid", "txid")) as caught:
        post_transfer(principal=ANYONE, txid="T1", source_id=source.id, destination_id=destination.id, amount="1")
    assert caught.value.context == {"transaction": holder.id}


def test_a_transfer_that_is_repeated_learns_that_it_was_done(source: Wallet, destination: Wallet) -> None:
    transfer = partial(
        post_transfer,
        principal=ANYONE,
        txid="T1",
        source_id=source.id,
        destination_id=destination.id,
        amount="60",
    )
    done = transfer()
    with refused(("duplicate_txid", "txid")) as caught:
        transfer()
    assert caught.value.context == {"transaction": done.debit.id}


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
    # 252 characters leave no room for ".out".
    with refused(("too_long", "txid"), ("invalid", "description"), ("invalid", "metadata"), ("invalid", "source")):
        post_transfer(
            principal=ANYONE, txid="x" * 252, source_id=True, destination_id=1, amount="1", description=1, metadata=1
        )
