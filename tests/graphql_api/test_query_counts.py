"""A document costs one query for each level, regardless of the number of rows and aliases."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from graphql_api.ids import global_id

pytestmark = pytest.mark.django_db

IS_MYSQL = connection.vendor == "mysql"
DEEP = """{
  wallets(first: 50) { totalCount edges { node { label
    transactions(first: 3) { totalCount edges { node { txid
      wallet { label entries(first: 2) { edges { node { kind } } } }
      entries(last: 2) { edges { node { kind transaction { txid wallet { balance } } } } } } } }
  } } } }"""
ALIASED = """{
  a: wallets(first: 50) { edges { node { ...F } } }
  b: wallets(first: 50) { totalCount edges { node { c: label ...F ...G } } } }
fragment F on Wallet { d: transactions(first: 2) { edges { node { wallet { label } } } }
  e: transactions(first: 2) { edges { node { txid w: wallet { balance } } } } }
fragment G on Wallet { d: transactions(first: 2) { totalCount } }"""


@pytest.fixture
def count_queries(ask: Any) -> Any:
    """Return a function that counts a document's queries, bypassing the cache."""

    def count(query: str, **variables: object) -> int:
        with CaptureQueriesContext(connection) as queries:
            reply = ask(query, **variables)
        assert reply.errors == []
        return len(queries)

    return count


@pytest.fixture
def grow(make_wallet: Any, post: Any) -> Any:
    """Return a function that adds wallets with transactions, which also invalidates the cache."""

    def grow(wallets: int, transactions: int) -> None:
        for _ in range(wallets):
            wallet = make_wallet("100.00")
            for _ in range(transactions):
                post(wallet, "1.00")

    return grow


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ wallets { edges { node { label } } } }", 1),
        ("{ wallets { totalCount } }", 1),
        # MySQL reads relations that lead no further with the list (`queries/joins.py`).
        ("{ transactions { edges { node { wallet { label } } } } }", 1 if IS_MYSQL else 2),
        (
            "{ entries { edges { node { wallet { label } transaction { wallet { label } } } } } }",
            3 if IS_MYSQL else 4,
        ),
        # wallets and their count, transactions, their counts, wallets, their entries, entries, transactions, wallets
        (DEEP, 8),
        # wallets and their count, transactions (for d and e, in a and b), their counts, wallets
        (ALIASED, 4),
    ],
)
def test_queries_do_not_grow_with_rows(query: str, expected: int, count_queries: Any, grow: Any) -> None:
    grow(2, 1)
    assert count_queries(query) == expected
    grow(5, 6)
    assert count_queries(query) == expected


def test_nodes_take_one_query_a_type(count_queries: Any, make_wallet: Any, post: Any) -> None:
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Wallet { label }
      ... on Transaction { wallet { label } } } }"""
    wallets = [make_wallet("1.00") for _ in range(10)]
    transactions = [post(wallet, "1.00") for wallet in wallets]
    few = [global_id("Wallet", wallets[0].id), global_id("Transaction", transactions[0].id)]
    many = [global_id("Wallet", each.id) for each in wallets]
    many += [global_id("Transaction", each.id) for each in transactions]
    assert count_queries(query, ids=few) == 3
    assert count_queries(query, ids=many) == 3


def test_a_payload_is_read_with_one_query_a_level(count_queries: Any, make_wallet: Any, post: Any) -> None:
    query = """mutation ($input: CreateTransactionInput!) { createTransaction(input: $input) { transaction { txid
      wallet { balance transactions(first: 100) { edges { node { wallet { label } } } } } } } }"""
    wallet = make_wallet("0.00")
    first = count_queries(query, input={"txid": "A", "amount": "1", "walletId": wallet.id})
    for _ in range(5):
        post(wallet, "1.00")
    assert count_queries(query, input={"txid": "B", "amount": "1", "walletId": wallet.id}) == first


def test_only_columns_that_are_asked_for_are_read(ask: Any, make_wallet: Any) -> None:
    make_wallet("1.00")
    with CaptureQueriesContext(connection) as queries:
        assert ask("{ wallets { edges { node { id label } } } }").errors == []
    [query] = queries
    assert "balance" not in query["sql"]
    assert "metadata" not in query["sql"]
    assert "COUNT" not in query["sql"]
