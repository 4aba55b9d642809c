"""Objects of another owner do not exist for a caller: they cannot be seen, changed, used or detected."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.ledger.state import assert_reconciled, lines, refused
from tests.writes import (
    amend_transaction,
    close_wallet,
    delete_transaction,
    open_wallet,
    post_transaction,
    post_transfer,
    rename_wallet,
)
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.questions import Question, Selection
from walletsvc.queries.records import own_transfer_id
from walletsvc.queries.selectors import get_record, list_records, list_records_by_id

pytestmark = pytest.mark.django_db

SCOPES = frozenset({"admin"})
ALICE = Principal(subject="alice", scopes=SCOPES, owner="alice")
BOB = Principal(subject="bob", scopes=SCOPES, owner="bob")


@pytest.fixture
def hers() -> Wallet:
    return open_wallet(principal=ALICE, label="Hers", balance="100")


@pytest.fixture
def her_transaction(hers: Wallet) -> Transaction:
    return post_transaction(principal=ALICE, txid="H1", wallet_id=hers.id, amount="5")


@pytest.fixture
def his() -> Wallet:
    return open_wallet(principal=BOB, label="His", balance="100")


@pytest.fixture
def his_transaction(his: Wallet) -> Transaction:
    return post_transaction(principal=BOB, txid="B1", wallet_id=his.id, amount="5")


def test_a_wallet_belongs_to_the_owner_who_opened_it(hers: Wallet) -> None:
    assert Wallet.objects.get(id=hers.id).owner == "alice"
    assert open_wallet(principal=ANYONE, label="Nobody's").owner == ""


def test_another_owners_wallet_is_not_changed_or_deleted(hers: Wallet) -> None:
    with refused(("not_found", None)):
        rename_wallet(principal=BOB, wallet_id=hers.id, label="Mine", balance="7")
    with refused(("not_found", None)):
        close_wallet(principal=BOB, wallet_id=hers.id)


def test_nothing_is_posted_to_another_owners_wallet(hers: Wallet) -> None:
    with refused(("not_found", "wallet")):
        post_transaction(principal=BOB, txid="B2", wallet_id=hers.id, amount="-1000")


def test_another_owners_transaction_is_not_changed_or_deleted(his: Wallet, her_transaction: Transaction) -> None:
    with refused(("not_found", None)):
        amend_transaction(principal=BOB, transaction_id=her_transaction.id, amount="x")
    with refused(("not_found", None)):
        amend_transaction(principal=BOB, transaction_id=her_transaction.id, wallet_id=his.id)
    with refused(("not_found", None)):
        delete_transaction(principal=BOB, transaction_id=her_transaction.id)


def test_nothing_moves_to_another_owners_wallet(hers: Wallet, his_transaction: Transaction) -> None:
    with refused(("not_found", "wallet")):
        amend_transaction(principal=BOB, transaction_id=his_transaction.id, wallet_id=hers.id, amount="7")


def test_nothing_is_transferred_from_or_to_another_owners_wallet(hers: Wallet, his: Wallet) -> None:
    with refused(("not_found", "source")):
        post_transfer(principal=BOB, txid="T", source_id=hers.id, destination_id=his.id, amount="1")
    with refused(("not_found", "destination")):
        post_transfer(principal=BOB, txid="T", source_id=his.id, destination_id=hers.id, amount="1")


def test_the_currency_of_another_owners_wallet_is_not_revealed(his: Wallet, his_transaction: Transaction) -> None:
    euros = open_wallet(principal=ALICE, label="Euros", currency="EUR")
    with refused(("not_found", "wallet")):
        amend_transaction(principal=BOB, transaction_id=his_transaction.id, wallet_id=euros.id)
    with refused(("not_found", "destination")):
        post_transfer(principal=BOB, txid="T", source_id=his.id, destination_id=euros.id, amount="1")


def test_the_name_that_another_owner_has_is_free(
    hers: Wallet, her_transaction: Transaction, his: Wallet, his_transaction: Transaction
) -> None:
    assert open_wallet(principal=BOB, label="Hers").owner == "bob"
    assert open_wallet(principal=ANYONE, label="Hers").owner == ""
    assert post_transaction(principal=BOB, txid="H1", wallet_id=his.id, amount="1").owner == "bob"
    assert amend_transaction(principal=ANYONE, transaction_id=his_transaction.id, txid="H2").owner == "bob"
    assert post_transaction(principal=ALICE, txid="H2", wallet_id=hers.id, amount="1").owner == "alice"
    rows = Transaction.objects.order_by("owner", "txid").values_list("owner", "txid", "wallet_id")
    assert list(rows) == [
        ("alice", "H1", hers.id),
        ("alice", "H2", hers.id),
        ("bob", "H1", his.id),
        ("bob", "H2", his.id),
    ]
    assert_reconciled()


@pytest.mark.parametrize("principal", [ALICE, ANYONE], ids=["an owner", "everyone"])
def test_a_name_that_the_owner_of_the_wallet_has_is_taken(
    principal: Principal, hers: Wallet, her_transaction: Transaction
) -> None:
    second = open_wallet(principal=ALICE, label="Second", balance="1")
    other = post_transaction(principal=ALICE, txid="H2", wallet_id=second.id, amount="5")
    for txid, context in (
        (
            lambda: post_transaction(principal=principal, txid="H1", wallet_id=second.id, amount="1"),
            {"is_same": False},
        ),
        (
            lambda: post_transaction(principal=principal, txid="H1", wallet_id=second.id, amount="-1000"),
            {"is_same": False},
        ),
        (lambda: amend_transaction(principal=principal, transaction_id=other.id, txid="H1"), {}),
    ):
        with refused(("duplicate_txid", "txid")) as caught:
            txid()
        assert caught.value.context == {"transaction": her_transaction.id, **context}
    with refused(("duplicate_label", "label")) as caught:
        rename_wallet(principal=principal, wallet_id=second.id, label="Hers")
    assert caught.value.context == {"wallet": hers.id}


def test_a_transaction_keeps_its_owner_when_others_move_it(
    hers: Wallet, his: Wallet, her_transaction: Transaction
) -> None:
    with refused(("invalid", "wallet")):
        amend_transaction(principal=ANYONE, transaction_id=her_transaction.id, wallet_id=his.id)


def test_each_leg_of_a_transfer_is_the_owners_of_its_wallet(hers: Wallet, his: Wallet) -> None:
    done = post_transfer(principal=ANYONE, txid="T", source_id=hers.id, destination_id=his.id, amount="1")
    assert list(done.legs.order_by("id").values_list("owner", flat=True)) == ["alice", "bob"]
    # It is nobody's, because its wallets are those of several.
    assert done.owner == ""
    own = post_transfer(
        principal=BOB,
        txid="T2",
        source_id=his.id,
        destination_id=open_wallet(principal=BOB, label="His too").id,
        amount="1",
    )
    assert (own.owner, list(own.legs.values_list("owner", flat=True))) == ("bob", ["bob", "bob"])
    assert list(Entry.objects.filter(txid__in=["T.1", "T.2"]).order_by("id").values_list("wallet_id", "owner")) == [
        (his.id, "bob"),
        (hers.id, "alice"),
    ]


def test_the_entries_of_a_deleted_wallet_keep_its_owner(hers: Wallet) -> None:
    post_transaction(principal=ALICE, txid="H1", wallet_id=hers.id, amount="-100")
    close_wallet(principal=ALICE, wallet_id=hers.id)
    question = Question("Entry", count=True, filters=(("wallet", str(hers.id)),))
    for asked in (question, replace(question, filters=())):
        page = list_records(principal=ALICE, question=asked)
        assert ([record.keys["wallet"] for record in page.records], page.count) == ([hers.id, hers.id], 2)
        page = list_records(principal=BOB, question=asked)
        assert (list(page.records), page.count) == ([], 0)


def test_objects_of_another_owner_are_not_read(
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


def test_owners_differ_byte_for_byte(hers: Wallet) -> None:
    for owner in ("Alice", "alice ", "álice", "", "alic"):
        stranger = Principal(subject="stranger", scopes=SCOPES, owner=owner)
        assert get_record(principal=stranger, resource="Wallet", id=hers.id) is None
        assert list_records(principal=stranger, question=Question("Wallet")).records == []
        with refused(("not_found", None)):
            rename_wallet(principal=stranger, wallet_id=hers.id, label="Mine")


def test_owners_can_use_their_own_objects(hers: Wallet, her_transaction: Transaction) -> None:
    second = open_wallet(principal=ALICE, label="Second")
    rename_wallet(principal=ALICE, wallet_id=second.id, label="Hers too")
    amend_transaction(principal=ALICE, transaction_id=her_transaction.id, wallet_id=second.id, amount="6")
    post_transfer(principal=ALICE, txid="T", source_id=second.id, destination_id=hers.id, amount="2")
    assert [line[1:4] for line in lines(second.id)] == [
        ("move_in", "6.00", "6.00"),
        ("transfer_out", "-2.00", "4.00"),
    ]
    with refused(("transaction_bound", None)):
        delete_transaction(principal=ALICE, transaction_id=Transaction.objects.get(txid="T.1").id)
    with refused(("insufficient_funds", "amount")):
        amend_transaction(principal=ANYONE, transaction_id=her_transaction.id, amount="-1")
    assert_reconciled()


def test_a_transfer_of_several_owners_is_seen_by_none_of_them(hers: Wallet, his: Wallet) -> None:
    shared = post_transfer(principal=ANYONE, txid="T", source_id=hers.id, destination_id=his.id, amount="1")
    second = open_wallet(principal=BOB, label="Second")
    own = post_transfer(principal=BOB, txid="U", source_id=his.id, destination_id=second.id, amount="1")
    assert get_record(principal=BOB, resource="Transfer", id=shared.id) is None
    assert [each.id for each in list_records(principal=BOB, question=Question("Transfer")).records] == [own.id]
    everyone = list_records(principal=ANYONE, question=Question("Transfer"))
    assert [each.id for each in everyone.records] == [shared.id, own.id]
    wanted = Selection(to_one=(("transfer", Selection()),))
    for principal, seen in ((BOB, [None, own.id, own.id]), (ANYONE, [shared.id, own.id, own.id])):
        filters = () if principal is BOB else (("owner", "bob"),)
        page = list_records(principal=principal, question=Question("Transaction", wanted, filters=filters))
        legs = [each for each in page.records if str(each.attributes["txid"]).startswith(("T.", "U."))]
        assert [each.keys["transfer"] for each in legs] == seen
        assert [each.one["transfer"] and each.one["transfer"].id for each in legs] == seen
    # Nor is it in what a refusal tells, or in what a change of a leg shows.
    leg = Transaction.objects.get(txid="T.2")
    with refused(("transaction_bound", None)) as caught:
        amend_transaction(principal=BOB, transaction_id=leg.id, amount="7")
    assert caught.value.context["transfer"] is None
    assert own_transfer_id(amend_transaction(principal=BOB, transaction_id=leg.id, description="Mine")) is None
