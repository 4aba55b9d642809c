"""What a command returns, alone and among others of its batch, and what it does not do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from tests.ledger.state import snapshot
from tests.writes import delete_transaction, open_wallet, post_transaction
from walletsvc.commands.execute import execute, execute_all
from walletsvc.commands.outcomes import Done
from walletsvc.commands.recount import RecountWallet
from walletsvc.commands.retry import Outdated
from walletsvc.commands.transactions import PostTransaction, find_transaction
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.errors import NotFound
from walletsvc.ledger.ledger import Ledger
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import ANYONE, SYSTEM

pytestmark = pytest.mark.django_db


def post(wallet: Wallet, amount: str, txid: str = "T") -> PostTransaction:
    return PostTransaction.parse({"txid": txid, "wallet": wallet.id, "amount": amount})


def test_a_closed_wallet_is_returned_as_its_batch_had_left_it(wallet: Wallet) -> None:
    outcome = execute_all([post(wallet, "-10"), DeleteWallet.parse(wallet.id)], by=ANYONE)
    assert isinstance(outcome, Done)
    closed = outcome.results[1]
    assert (closed.id, closed.label, closed.balance, closed.sequence, closed.transaction_count) == (
        wallet.id,
        "A",
        Decimal(0),
        2,
        1,
    )


def test_a_renamed_wallet_is_returned_with_what_its_batch_posts(wallet: Wallet) -> None:
    batch = [post(wallet, "-1"), ChangeWallet.parse(wallet.id, {"label": "B"}), post(wallet, "5", txid="U")]
    outcome = execute_all(batch, by=ANYONE)
    assert isinstance(outcome, Done)
    renamed = outcome.results[1]
    assert (renamed.label, renamed.balance, renamed.sequence) == ("B", Decimal(14), 3)
    stored = Wallet.objects.get(id=wallet.id)
    assert (stored.label, stored.balance, stored.sequence) == ("B", Decimal(14), 3)


def test_a_wallet_renamed_and_closed_in_a_batch_is_returned_as_it_was_when_renamed(wallet: Wallet) -> None:
    batch = [post(wallet, "-10"), ChangeWallet.parse(wallet.id, {"label": "B"}), DeleteWallet.parse(wallet.id)]
    outcome = execute_all(batch, by=ANYONE)
    assert isinstance(outcome, Done)
    renamed = outcome.results[1]
    assert (renamed.label, renamed.balance, renamed.sequence, renamed.transaction_count) == ("B", Decimal(0), 2, 1)


def test_a_label_that_was_given_up_again_is_free(wallet: Wallet) -> None:
    labels = [ChangeWallet.parse(wallet.id, {"label": label}) for label in ("B", "C")]
    assert isinstance(execute_all([*labels, OpenWallet.parse({"label": "B"})], by=ANYONE), Done)
    assert sorted(Wallet.objects.values_list("label", flat=True)) == ["B", "C"]


def test_a_deleted_transaction_is_returned_as_it_was(wallet: Wallet) -> None:
    posted = post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="3")
    deleted = delete_transaction(principal=ANYONE, transaction_id=posted.id)
    assert (deleted.txid, deleted.wallet_id, deleted.amount) == ("T", wallet.id, Decimal(3))


def test_a_transaction_is_changed_only_under_the_lock_of_its_wallet(wallet: Wallet, other: Wallet) -> None:
    posted = post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="3")
    ledger = Ledger(principal=ANYONE, clock=timezone.now, touched={})
    ledger.lock([other.id])
    with pytest.raises(Outdated):
        find_transaction(ledger, posted.id)
    with pytest.raises(NotFound) as caught:
        find_transaction(ledger, posted.id + 1)
    assert caught.value.message == f"There is no Transaction '{posted.id + 1}'."


def test_a_transaction_is_found_as_soon_as_its_batch_has_posted_it(wallet: Wallet) -> None:
    before = post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="3")
    ledger = Ledger(principal=ANYONE, clock=timezone.now, touched={})
    ledger.lock([wallet.id])
    post(wallet, "5", txid="U").apply(ledger)
    assert find_transaction(ledger, before.id + 1).txid == "U"


def test_a_recount_changes_and_reports_only_a_wrong_count() -> None:
    wallet = open_wallet(principal=ANYONE, label="C", balance="1")
    post_transaction(principal=ANYONE, txid="T", wallet_id=wallet.id, amount="3")
    before = snapshot()
    for number in (wallet.id, wallet.id + 1):
        assert execute(RecountWallet(wallet=number), by=SYSTEM) is False
    assert snapshot() == before
    Wallet.objects.filter(id=wallet.id).update(transaction_count=9)
    assert execute(RecountWallet(wallet=wallet.id), by=SYSTEM) is True
    assert (Transaction.objects.count(), snapshot()) == (1, before)
