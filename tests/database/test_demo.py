"""`demo` fills an empty server, and no other."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Max, Min
from django.test import Client

from tests.conftest import MakeWallet
from walletsvc.models import Entry, Hold, Transaction, Transfer, Wallet

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]


def test_it_fills_an_empty_server_and_the_books_agree() -> None:
    printed = io.StringIO()
    call_command("demo", stdout=printed)
    assert Wallet.objects.count() == 8
    assert Hold.objects.get().txid == "DEMO-HOLD"
    assert Transfer.objects.get(txid="DEMO-REFUND").reversal_of_id is not None
    for wallet in Wallet.objects.all():
        # Added up here: SQLite's own sum is not exact.
        assert wallet.balance == sum(Entry.objects.filter(wallet_id=wallet.id).values_list("amount", flat=True)) > 0
    moments = Transaction.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    assert moments["last"] - moments["first"] > timedelta(days=88)
    links = [line.split()[0] for line in printed.getvalue().splitlines() if line.startswith("  http")]
    assert len(links) >= 5
    for link in links:
        answer = Client().get("/" + link.split("/", 3)[3], headers={"Accept": "text/html, */*"})
        assert answer.status_code == 200, link
    call_command("reconcile", stdout=io.StringIO())


def test_it_is_refused_on_a_server_that_is_not_empty(make_wallet: MakeWallet) -> None:
    make_wallet("1.00")
    with pytest.raises(CommandError, match="This server is not empty"):
        call_command("demo")
    assert Wallet.objects.count() == 1
