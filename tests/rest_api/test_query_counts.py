"""A document takes as many queries for a hundred rows as for twenty."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.conftest import MakeWallet, Post
from tests.rest_api.conftest import Api
from walletsvc.cache import responses

# MySQL reads short columns of relations that lead no further with the list (`queries/joins.py`).
IS_MYSQL = connection.vendor == "mysql"
URLS = {
    "/api/wallets/?": 1,
    "/api/wallets/?sort=-balance&filter[search]=wallet&fields[Wallet]=label&": 1,
    "/api/wallets/?include=transactions,entries&": 3,
    "/api/transactions/?include=wallet.entries,entries&": 4,
    "/api/entries/?include=wallet,transaction&": 3,
    "/api/entries/?include=wallet,transaction&fields[Wallet]=label&fields[Transaction]=txid&": 1 if IS_MYSQL else 3,
    "/api/wallets/1/transactions?include=wallet&": 3,
    "/api/wallets/1/entries?": 2,
    "/api/wallets/1/relationships/entries?": 2,
}


@pytest.fixture
def rows(api: Api, make_wallet: MakeWallet, post: Post) -> None:
    first = make_wallet("1.00")
    for _ in range(100):
        post(make_wallet("1.00"), "1.00")
        post(first, "1.00")


@pytest.mark.parametrize(("url", "expected"), URLS.items())
def test_the_number_of_queries_does_not_grow(api: Api, rows: None, url: str, expected: int) -> None:
    first = api.data("/api/wallets/?page[size]=1&sort=id")[0]["id"]
    url = url.replace("/1/", f"/{first}/")
    counts = []
    for size in (20, 100):
        responses.store.cache_clear()
        with CaptureQueriesContext(connection) as captured:
            assert len(api.data(f"{url}page[size]={size}")) == size
        counts.append(len(captured))
    assert counts == [expected, expected]


def test_one_resource_takes_one_query_a_level(api: Api, rows: None) -> None:
    transaction = api.data("/api/transactions/?page[size]=1")[0]
    for query, expected in (("", 1), ("?include=wallet", 2), ("?include=wallet.transactions", 3)):
        with CaptureQueriesContext(connection) as captured:
            api.data(f"{transaction['links']['self']}{query}")
        assert len(captured) == expected
