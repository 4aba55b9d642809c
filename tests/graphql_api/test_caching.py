"""Query results are cached under the stamps that REST documents have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from graphql_api.ids import global_id
from tests.cache.stores import Gone
from walletsvc.cache import responses
from walletsvc.principals import Principal

pytestmark = pytest.mark.django_db

BALANCES = "{ wallets { edges { node { label balance } } } }"
POST = "mutation ($input: CreateTransactionInput!) { createTransaction(input: $input) { userErrors { code } } }"


def queries_of(ask: Any, query: str, **variables: object) -> int:
    with CaptureQueriesContext(connection) as queries:
        ask(query, **variables)
    return len(queries)


def test_the_second_answer_needs_no_database_and_is_the_same(ask: Any, make_wallet: Any) -> None:
    make_wallet("1.00")
    first = ask(BALANCES)
    with CaptureQueriesContext(connection) as queries:
        assert ask(BALANCES) == first
    assert len(queries) == 0


@pytest.mark.parametrize("write", ["graphql", "service"])
def test_a_write_by_any_face_makes_it_miss(write: str, ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("1.00", label="A")
    for number in range(3):
        expected = {"wallets": {"edges": [{"node": {"label": "A", "balance": f"{number + 1}.00"}}]}}
        assert ask(BALANCES).data == expected
        assert ask(BALANCES).data == expected
        if write == "graphql":
            reply = ask(POST, input={"txid": f"T{number}", "amount": "1", "walletId": wallet.id})
            assert reply.data == {"createTransaction": {"userErrors": []}}
        else:
            post(wallet, "1.00")


def test_a_rest_write_makes_the_graphql_cache_miss_and_back(ask: Any, client: Client, make_wallet: Any) -> None:
    wallet = make_wallet("1.00", label="A")

    def rest_balance() -> str:
        return client.get(f"/api/wallets/{wallet.id}/").json()["data"]["attributes"]["balance"]

    def graphql_balance() -> str:
        return ask("query ($id: ID!) { wallet(id: $id) { balance } }", id=wallet.id).data["wallet"]["balance"]

    assert [rest_balance(), graphql_balance(), rest_balance(), graphql_balance()] == ["1.00"] * 4
    attributes = {"txid": "T1", "amount": "50.00", "wallet": str(wallet.id)}
    body = json.dumps({"data": {"type": "Transaction", "attributes": attributes}})
    assert client.post("/api/transactions/", body, content_type="application/vnd.api+json").status_code == 201
    assert [graphql_balance(), rest_balance()] == ["51.00", "51.00"]
    ask(POST, input={"txid": "T2", "amount": "-1", "walletId": wallet.id})
    assert [rest_balance(), graphql_balance()] == ["50.00", "50.00"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"filters": {"balance": {"gte": 1}}}, {"filters": {"balance": {"gte": "1.0"}}}),
        ({"filters": {"label": {"exact": "1"}}}, {"filters": {"label": {"exact": "2"}}}),
        ({"first": 1}, {"first": 2}),
        ({"first": 1}, {"last": 1}),
        ({}, {"first": None}),
    ],
)
def test_other_variables_are_another_question(one: Any, other: Any, ask: Any, make_wallet: Any) -> None:
    make_wallet("1.00")
    query = """query ($filters: WalletFilters, $first: Int, $last: Int) {
      wallets(filters: $filters, first: $first, last: $last) { edges { node { id } } } }"""
    assert queries_of(ask, query, **one) == 1
    assert queries_of(ask, query, **other) == 1
    assert queries_of(ask, query, **one) == 0


def test_a_number_with_an_exponent_is_not_answered_as_the_plain_one(ask_raw: Any) -> None:
    query = "query ($filters: WalletFilters) { wallets(filters: $filters) { totalCount } }"
    assert ask_raw(query, '{"filters": {"balance": {"gte": 0.0000001}}}').errors == []
    assert ask_raw(query, '{"filters": {"balance": {"gte": 1e-7}}}').codes == ["invalid_parameter"]


def test_each_operation_of_a_document_is_cached_separately(client: Client) -> None:
    query = "query A { a: __typename } query B { b: __typename }"
    for name, expected in (("A", {"a": "Query"}), ("B", {"b": "Query"}), ("A", {"a": "Query"})):
        body = json.dumps({"query": query, "operationName": name})
        assert client.post("/graphql/", body, content_type="application/json").json()["data"] == expected


def test_an_answer_with_an_error_is_not_kept(ask: Any, make_wallet: Any) -> None:
    query = '{ walletByLabel(label: "Late") { label } wallets { edges { node { label } } } }'
    assert ask(query).codes == ["not_found"]
    assert queries_of(ask, query) > 0


def test_no_caller_is_served_what_another_reaches(
    ask: Any, make_wallet: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = (Principal(subject=name, scopes=frozenset({"admin"}), owner=name) for name in ("ann", "bob"))
    make_wallet("1.00", principal=ann, label="Ann's")
    make_wallet("2.00", principal=bob, label="Bob's")
    for principal, label in ((ann, "Ann's"), (bob, "Bob's"), (ann, "Ann's")):
        monkeypatch.setattr("graphql_api.views.principal_of", lambda headers, principal=principal: principal)
        assert [edge["node"]["label"] for edge in ask(BALANCES).data["wallets"]["edges"]] == [label]
        reply = ask('{ bob: walletByLabel(label: "Bob\'s") { balance } }')
        assert reply.data == {"bob": {"balance": "2.00"} if principal is bob else None}


def test_a_mutation_runs_each_time(ask: Any, make_wallet: Any) -> None:
    query = 'mutation { createWallet(input: {label: "A"}) { userErrors { code } } }'
    assert ask(query).data == {"createWallet": {"userErrors": []}}
    assert ask(query).data == {"createWallet": {"userErrors": [{"code": "duplicate_label"}]}}


def test_without_a_cache_everything_works(ask: Any, make_wallet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "store", Gone)
    make_wallet("1.00", label="A")
    for _ in range(2):
        assert ask(BALANCES).data == {"wallets": {"edges": [{"node": {"label": "A", "balance": "1.00"}}]}}


WALLET = """query ($id: ID!) { wallet(id: $id) { label balance entries { edges { node { kind wallet { balance } } } }
  transactions { totalCount edges { node { txid wallet { balance } } } } } }"""


def test_an_answer_with_one_wallet_outlives_writes_to_others(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet, other = make_wallet("1.00"), make_wallet("1.00")
    for identifier in (wallet.id, str(wallet.id), global_id("Wallet", wallet.id)):
        assert queries_of(ask, WALLET, id=identifier) > 0
    post(other, "1.00")
    for identifier in (wallet.id, str(wallet.id), global_id("Wallet", wallet.id)):
        assert queries_of(ask, WALLET, id=identifier) == 0
    transaction = post(wallet, "1.00", txid="T")
    assert ask(WALLET, id=wallet.id).data["wallet"]["balance"] == "2.00"
    for change in (
        {"id": transaction.id, "amount": "2.00"},
        {"id": transaction.id, "description": "more"},
        {"id": transaction.id, "walletId": other.id},
        {"id": transaction.id, "walletId": wallet.id},
    ):
        assert queries_of(ask, WALLET, id=wallet.id) == 0
        ask(
            "mutation ($input: UpdateTransactionInput!) { updateTransaction(input: $input) { userErrors { code } } }",
            input=change,
        )
        assert queries_of(ask, WALLET, id=wallet.id) > 0


@pytest.mark.parametrize(
    "query",
    [
        # The transaction of an entry may be another wallet's by now, and its entries another wallet's by then.
        "query ($id: ID!) { wallet(id: $id) { entries { edges { node { transaction { amount } } } } } }",
        """query ($id: ID!) { wallet(id: $id) { ...F } } fragment F on Wallet {
          transactions { edges { node { entries { edges { node { wallet { balance } } } } } } } }""",
        "query ($id: ID!) { wallet(id: $id) { balance } wallets { totalCount } }",
        "query ($id: ID!) { wallet(id: $id) { balance } ...F } fragment F on Query { entries { totalCount } }",
        "query ($id: ID!) { node(id: $id) { ... on Wallet { balance } } }",
        "{ wallets { edges { node { balance } } } }",
    ],
)
def test_an_answer_with_more_wallets_does_not(query: str, ask: Any, make_wallet: Any, post: Any) -> None:
    wallet, other = make_wallet("1.00"), make_wallet("1.00")
    variables = {"id": global_id("Wallet", wallet.id)} if "$id" in query else {}
    assert queries_of(ask, query, **variables) > 0
    assert queries_of(ask, query, **variables) == 0
    post(other, "1.00")
    assert queries_of(ask, query, **variables) > 0


def test_wallets_in_defaults_and_aliases_are_all_depended_on(ask: Any, make_wallet: Any, post: Any) -> None:
    one, two, three = (make_wallet("1.00") for _ in range(3))
    query = (
        f"query ($id: ID! = {one.id}) {{ a: wallet(id: $id) {{ balance }} b: wallet(id: {two.id}) {{ balance }} }}"
    )
    for wallet, misses in ((three, False), (one, True), (two, True)):
        assert ask(query).errors == []
        post(wallet, "1.00")
        assert (queries_of(ask, query) > 0) is misses
    assert ask(query).data == {"a": {"balance": "2.00"}, "b": {"balance": "2.00"}}
