"""What another owner has is not there: it cannot be seen, changed, used or learnt of."""

from __future__ import annotations

import pytest

from tests.ledger.state import assert_reconciled, lines, refused
from tests.writes import (
    create_transaction,
    create_transfer,
    create_wallet,
    delete_transaction,
    delete_wallet,
    update_transaction,
    update_wallet,
)
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import Question, Selection
from walletsvc.queries.selectors import get_record, list_records, list_records_by_id

pytestmark = pytest.mark.django_db

SCOPES = frozenset({"read", "write"})
ALICE = Principal(subject="alice", scopes=SCOPES, owner="alice")
BOB = Principal(subject="bob", scopes=SCOPES, owner="bob")


@pytest.fixture
def hers() -> Wallet:
    return create_wallet(principal=ALICE, label="Hers", balance="100")


@pytest.fixture
def her_transaction(hers: Wallet) -> Transaction:
    return create_transaction(principal=ALICE, txid="H1", wallet_id=hers.id, amount="5")


@pytest.fixture
def his() -> Wallet:
    return create_wallet(principal=BOB, label="His", balance="100")


@pytest.fixture
def his_transaction(his: Wallet) -> Transaction:
    return create_transaction(principal=BOB, txid="B1", wallet_id=his.id, amount="5")


def test_a_wallet_belongs_to_the_owner_who_opened_it(hers: Wallet) -> None:
    assert Wallet.objects.get(id=hers.id).owner == "alice"
    assert create_wallet(principal=ANYONE, label="Nobody's").owner == ""


def test_another_owners_wallet_is_not_changed_or_deleted(hers: Wallet) -> None:
    with refused(("not_found", None)):
        update_wallet(principal=BOB, wallet_id=hers.id, label="Mine", balance="7")
    with refused(("not_found", None)):
        delete_wallet(principal=BOB, wallet_id=hers.id)


def test_nothing_is_posted_to_another_owners_wallet(hers: Wallet) -> None:
    with refused(("not_found", "wallet")):
        create_transaction(principal=BOB, txid="B2", wallet_id=hers.id, amount="-1000")


def test_another_owners_transaction_is_not_changed_or_deleted(his: Wallet, her_transaction: Transaction) -> None:
    with refused(("not_found", None)):
        update_transaction(principal=BOB, transaction_id=her_transaction.id, amount="x")
    with refused(("not_found", None)):
        update_transaction(principal=BOB, transaction_id=her_transaction.id, wallet_id=his.id)
    with refused(("not_found", None)):
        delete_transaction(principal=BOB, transaction_id=her_transaction.id)


def test_nothing_moves_to_another_owners_wallet(hers: Wallet, his_transaction: Transaction) -> None:
    with refused(("not_found", "wallet")):
        update_transaction(principal=BOB, transaction_id=his_transaction.id, wallet_id=hers.id, amount="7")


def test_nothing_is_transferred_from_or_to_another_owners_wallet(hers: Wallet, his: Wallet) -> None:
    with refused(("not_found", "source")):
        create_transfer(principal=BOB, txid="T", source_id=hers.id, destination_id=his.id, amount="1")
    with refused(("not_found", "destination")):
        create_transfer(principal=BOB, txid="T", source_id=his.id, destination_id=hers.id, amount="1")


def test_a_foreign_currency_is_not_given_away(his: Wallet, his_transaction: Transaction) -> None:
    euros = create_wallet(principal=ALICE, label="Euros", currency="EUR")
    with refused(("not_found", "wallet")):
        update_transaction(principal=BOB, transaction_id=his_transaction.id, wallet_id=euros.id)
    with refused(("not_found", "destination")):
        create_transfer(principal=BOB, txid="T", source_id=his.id, destination_id=euros.id, amount="1")


def test_a_name_that_another_owner_has_is_taken_but_its_holder_is_not_named(
    hers: Wallet, her_transaction: Transaction, his: Wallet, his_transaction: Transaction
) -> None:
    attempts = {
        "label": [
            lambda who: create_wallet(principal=who, label="Hers"),
            lambda who: update_wallet(principal=who, wallet_id=his.id, label="Hers"),
        ],
        "txid": [
            lambda who: create_transaction(principal=who, txid="H1", wallet_id=his.id, amount="1"),
            lambda who: update_transaction(principal=who, transaction_id=his_transaction.id, txid="H1"),
        ],
    }
    holders = {"label": {"wallet": hers.id}, "txid": {"transaction": her_transaction.id}}
    for field, calls in attempts.items():
        for call in calls:
            with refused((f"duplicate_{field}", field)) as caught:
                call(BOB)
            assert caught.value.context == {}
            assert "hers" not in caught.value.message.lower()
            with refused((f"duplicate_{field}", field)) as caught:
                call(ANYONE)
            assert caught.value.context == holders[field]


def test_what_another_owner_has_is_not_read(
    hers: Wallet, her_transaction: Transaction, his: Wallet, his_transaction: Transaction
) -> None:
    assert get_record(principal=BOB, resource="Wallet", id=hers.id) is None
    assert get_record(principal=BOB, resource="Wallet", label="Hers") is None
    assert get_record(principal=BOB, resource="Transaction", id=her_transaction.id) is None
    assert get_record(principal=BOB, resource="Transaction", txid="H1") is None
    by_id = list_records_by_id(principal=BOB, resource="Wallet", ids=[hers.id, his.id, hers.id])
    assert [record and record.id for record in by_id] == [None, his.id, None]
    for resource, own in (("Wallet", [his.id]), ("Transaction", [his_transaction.id])):
        page = list_records(principal=BOB, question=Question(resource, count=True))
        assert ([record.id for record in page.records], page.count) == (own, 1)
    page = list_records(principal=BOB, question=Question("Entry", count=True))
    assert ({record.keys["wallet"] for record in page.records}, page.count) == ({his.id}, 2)
    related = Selection(to_many=(("transactions", Question("Transaction", count=True)),))
    everyone = list_records(principal=ANYONE, question=Question("Wallet", related))
    assert [record.many["transactions", ""].count for record in everyone.records] == [1, 1]


def test_owners_are_told_apart_byte_for_byte(hers: Wallet) -> None:
    for owner in ("Alice", "alice ", "álice", "", "alic"):
        stranger = Principal(subject="stranger", scopes=SCOPES, owner=owner)
        assert get_record(principal=stranger, resource="Wallet", id=hers.id) is None
        assert list_records(principal=stranger, question=Question("Wallet")).records == []
        with refused(("not_found", None)):
            update_wallet(principal=stranger, wallet_id=hers.id, label="Mine")


def test_owners_work_with_what_they_have(hers: Wallet, her_transaction: Transaction) -> None:
    second = create_wallet(principal=ALICE, label="Second")
    update_wallet(principal=ALICE, wallet_id=second.id, label="Hers too")
    update_transaction(principal=ALICE, transaction_id=her_transaction.id, wallet_id=second.id, amount="6")
    create_transfer(principal=ALICE, txid="T", source_id=second.id, destination_id=hers.id, amount="2")
    assert [line[1:4] for line in lines(second.id)] == [
        ("move_in", "6.00", "6.00"),
        ("transfer_out", "-2.00", "4.00"),
    ]
    delete_transaction(principal=ALICE, transaction_id=Transaction.objects.get(txid="T.out").id)
    with refused(("insufficient_funds", "amount")):
        update_transaction(principal=ANYONE, transaction_id=her_transaction.id, amount="-1")
    assert_reconciled()
