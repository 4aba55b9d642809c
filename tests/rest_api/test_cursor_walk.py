"""A walk through ten thousand rows by cursor sees each old row exactly once, whatever others write."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone

from tests.conftest import MakeWallet, Post
from tests.rest_api.conftest import Api
from tests.writes import delete_transaction
from walletsvc.models import Transaction
from walletsvc.principals import ANYONE

CURSORS = 'application/vnd.api+json; profile="http://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'
ROWS = 10_000


def test_each_old_row_is_seen_once(api: Api, make_wallet: MakeWallet, post: Post) -> None:
    wallet = make_wallet("1000.00")
    begin = timezone.now()
    Transaction.objects.bulk_create(
        (
            # Many amounts are equal: only the id distinguishes those rows.
            Transaction(
                txid=f"OLD{number}",
                wallet_id=wallet.id,
                amount=number % 37 + 1,
                currency="USD",
                created_at=begin,
                updated_at=begin,
            )
            for number in range(ROWS)
        ),
        batch_size=1000,
    )
    doomed = [post(wallet, "1.00", txid=f"GONE{number}").id for number in range(10)]
    seen: list[str] = []
    url: Any = "/api/transactions/?sort=-amount&page[size]=100&fields[Transaction]=txid"
    while url:
        document = json.loads(api.get(url, accept=CURSORS).content)
        seen += [each["attributes"]["txid"] for each in document["data"]]
        url = document["links"]["next"]
        if url and len(seen) % 1000 == 0:
            # Before, after and among the rows already read.
            for amount in ("0.01", "18.50", "99.00"):
                post(wallet, amount, txid=f"NEW{len(seen)}-{amount}")
            delete_transaction(principal=ANYONE, transaction_id=doomed.pop())
    old = [txid for txid in seen if txid.startswith("OLD")]
    assert len(old) == len(set(old)) == ROWS
    assert len(seen) == len(set(seen))
