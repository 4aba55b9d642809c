"""Several commands as one: all or nothing, in their order, each guarded as it would be alone."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.ledger.state import snapshot
from tests.writes import open_wallet
from walletsvc import errors
from walletsvc.commands.execute import execute_all
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.outcomes import Done, Refused
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.wallets import DeleteWallet, OpenWallet
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.principals import ANYONE
from walletsvc.queries.reconciliation import compute_discrepancies

pytestmark = pytest.mark.django_db(transaction=True)


def run(*commands):
    outcome = execute_all(commands, by=ANYONE)
    assert isinstance(outcome, Done), outcome
    return outcome.results


def refusal(kind, *commands):
    """Return the place of the command that was refused and its error, of that kind. Nothing has changed then."""
    before = snapshot()
    outcome = execute_all(commands, by=ANYONE)
    assert isinstance(outcome, Refused), outcome
    assert isinstance(outcome.error, kind)
    assert snapshot() == before
    return outcome.index, outcome.error


def post(txid, wallet_id, amount, local_id=None):
    return PostTransaction.parse({"txid": txid, "wallet": wallet_id, "amount": amount}, local_id=local_id)


def test_posts_to_a_wallet_that_the_same_batch_opens():
    wallet_id = LocalId()
    wallet, transaction = run(
        OpenWallet.parse({"label": "New", "balance": "5.00"}, local_id=wallet_id),
        post("T1", wallet_id, "-2.00"),
    )
    assert Wallet.objects.get(id=wallet.id).balance == Decimal("3.00")
    assert Transaction.objects.get(txid="T1").id == transaction.id
    assert list(Entry.objects.order_by("id").values_list("sequence", "balance_after", "transaction_id")) == [
        (1, Decimal("5.00"), None),
        (2, Decimal("3.00"), transaction.id),
    ]
    assert list(compute_discrepancies()) == []


def test_a_batch_amends_and_deletes_its_own_posts():
    wallet = open_wallet(principal=ANYONE, label="W", balance="10.00")
    first, second = LocalId(), LocalId()
    run(
        post("T1", wallet.id, "1.00", local_id=first),
        post("T2", wallet.id, "2.00", local_id=second),
        AmendTransaction.parse(first, {"amount": "4.00"}),
        DeleteTransaction.parse(second),
        post("T2", wallet.id, "-14.00"),
    )
    assert list(Transaction.objects.order_by("id").values_list("txid", "amount")) == [
        ("T1", Decimal("4.00")),
        ("T2", Decimal("-14.00")),
    ]
    assert list(Entry.objects.order_by("sequence").values_list("kind", "amount", "balance_after")) == [
        ("opening", Decimal(10), Decimal(10)),
        ("post", Decimal(1), Decimal(11)),
        ("post", Decimal(2), Decimal(13)),
        ("amend", Decimal(3), Decimal(16)),
        ("delete", Decimal(-2), Decimal(14)),
        ("post", Decimal(-14), Decimal(0)),
    ]
    assert list(compute_discrepancies()) == []


def test_a_refused_command_undoes_all_and_is_reported_by_its_place():
    wallet = open_wallet(principal=ANYONE, label="W", balance="10.00")
    posts = post("T1", wallet.id, "-6.00"), post("T2", wallet.id, "-4.01"), post("T3", wallet.id, "100.00")
    index, error = refusal(errors.InsufficientFunds, *posts)
    assert (index, error.context["balance"]) == (1, "4.00")


def test_a_malformed_command_is_reported_after_earlier_ones():
    wallet = open_wallet(principal=ANYONE, label="W")
    with pytest.raises(errors.InvalidAmount) as malformed:
        post("T2", wallet.id, "zero")
    assert refusal(errors.InsufficientFunds, post("T1", wallet.id, "-1.00"), malformed.value)[0] == 0
    assert refusal(errors.InvalidAmount, post("T1", wallet.id, "1.00"), malformed.value) == (1, malformed.value)
    assert not Transaction.objects.exists()


def test_a_txid_twice_in_a_batch_is_found():
    wallet = open_wallet(principal=ANYONE, label="W")
    posts = post("T1", wallet.id, "1.00"), post("T2", wallet.id, "1.00"), post("T1", wallet.id, "1.00")
    assert refusal(errors.DuplicateTxid, *posts)[0] == 2


def test_a_label_twice_in_a_batch_is_found():
    assert refusal(errors.DuplicateLabel, OpenWallet.parse({"label": "A"}), OpenWallet.parse({"label": "A"}))[0] == 1
    assert not Wallet.objects.exists()


def test_a_stored_txid_is_reported_with_its_holder():
    wallet = open_wallet(principal=ANYONE, label="W")
    (stored,) = run(post("T2", wallet.id, "1.00"))
    index, error = refusal(errors.DuplicateTxid, post("T1", wallet.id, "1.00"), post("T2", wallet.id, "1.00"))
    assert (index, error.context) == (1, {"transaction": stored.id, "is_same": True})


def test_a_missing_wallet_is_reported_for_the_command_that_needs_it():
    wallet = open_wallet(principal=ANYONE, label="W")
    index, error = refusal(errors.NotFound, post("T1", wallet.id, "1.00"), post("T2", wallet.id + 1, "1.00"))
    assert (index, error.field) == (1, "wallet")
    assert refusal(errors.NotFound, DeleteWallet.parse(wallet.id), post("T1", wallet.id, "1.00"))[0] == 1
    assert Wallet.objects.count() == 1


def test_a_thousand_posts_take_no_more_statements_than_their_rows_need():
    wallets = [open_wallet(principal=ANYONE, label=f"W{number}").id for number in range(3)]
    with CaptureQueriesContext(connection) as queries:
        posted = run(*(post(f"T{number}", wallets[number % 3], "0.01") for number in range(1000)))
    statements = [query["sql"].split()[0] for query in queries.captured_queries]
    assert statements.count("INSERT") == 5  # 500 rows a statement, and the count
    assert statements.count("UPDATE") == 1  # 50 wallets a statement
    assert len({each.id for each in posted}) == 1000
    assert Transaction.objects.get(txid="T7").id == posted[7].id
    assert sum(Wallet.objects.values_list("balance", flat=True)) == Decimal("10.00")
    assert list(compute_discrepancies()) == []
