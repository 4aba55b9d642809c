"""Amounts come back from the database to the last digit it is trusted with."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from tests.conftest import MakeWallet, Post
from walletsvc import errors
from walletsvc.db import dialect
from walletsvc.models import Entry, Transaction, Wallet

pytestmark = pytest.mark.django_db

# 38 digits are what the columns hold; of a real of 8 bytes, 15 are exact (https://www.sqlite.org/floatingpoint.html).
LARGEST = {
    "mysql": ["99999999999999999999.999999999999999999", "12345678901234567890.123456789012345678"],
    "sqlite": ["999999999999.999", "123456789012.345", "0.123456789012345", "0.000000000000000001"],
}
TOO_LONG = {
    "mysql": [],
    "sqlite": ["1234567890123.456", "9999999999999999", "0.1234567890123456"],
}


def test_the_database_keeps_as_many_digits_as_it_says(make_wallet: MakeWallet, post: Post, settings: Any) -> None:
    settings.ASSETS = {"XWEI": 18}
    assert dialect.exact_digits() == {"mysql": 38, "sqlite": 15}[connection.vendor]
    for text in LARGEST[connection.vendor]:
        amount = Decimal(text)
        wallet = make_wallet(currency="XWEI", label=text)
        posted = post(wallet, text, txid=text)
        assert Transaction.objects.get(id=posted.id).amount == amount
        assert Wallet.objects.get(id=wallet.id).balance == amount
        assert Entry.objects.values_list("amount", "balance_after").get(txid=text) == (amount, amount)
        back = post(wallet, f"-{text}", txid=f"-{text}")
        assert Transaction.objects.get(id=back.id).amount == Decimal(f"-{text}")  # the minus operator would round
        assert Wallet.objects.get(id=wallet.id).balance == 0


def test_an_amount_that_would_be_rounded_is_refused(make_wallet: MakeWallet, settings: Any) -> None:
    settings.ASSETS = {"XWEI": 18}
    for text in TOO_LONG[connection.vendor]:
        with pytest.raises(errors.PrecisionExceeded):
            make_wallet(text, currency="XWEI")
    assert Wallet.objects.count() == 0


def test_a_hundred_cents_are_one(make_wallet: MakeWallet, post: Post) -> None:
    wallet = make_wallet()
    for _ in range(100):
        post(wallet, "0.01")
    assert Wallet.objects.get().balance == Decimal("1.00")
    assert Entry.objects.values_list("balance_after", flat=True).get(sequence=7) == Decimal("0.07")
