"""Single objects: by id, by name, by global id."""

from __future__ import annotations

from typing import Any

import pytest

from graphql_api.ids import global_id
from walletsvc.models import Entry
from walletsvc.schema.kinds import print_time

pytestmark = pytest.mark.django_db


def test_a_wallet_shows_all_of_its_fields(ask: Any, make_wallet: Any) -> None:
    wallet = make_wallet("100.5", label="Sävings 😀", currency="EUR", metadata={"a": [1, 1.5, None, {"b": "c"}]})
    reply = ask(
        "query ($id: ID!) { wallet(id: $id) { __typename id databaseId label balance currency sequence metadata"
        " createdAt updatedAt } }",
        id=wallet.id,
    )
    assert reply.errors == []
    assert reply.data["wallet"] == {
        "__typename": "Wallet",
        "id": global_id("Wallet", wallet.id),
        "databaseId": str(wallet.id),
        "label": "Sävings 😀",
        "balance": "100.50",
        "currency": "EUR",
        "sequence": 1,
        "metadata": {"a": [1, 1.5, None, {"b": "c"}]},
        "createdAt": print_time(wallet.created_at),
        "updatedAt": print_time(wallet.updated_at),
    }


def test_amounts_print_at_the_scale_of_their_currency(ask: Any, make_wallet: Any) -> None:
    ids = [make_wallet("7", currency=currency).id for currency in ("USD", "JPY", "BHD", "BTC")]
    ids.append(make_wallet("0", currency="ETH").id)
    balances = [ask("query ($id: ID!) { wallet(id: $id) { balance } }", id=each).data["wallet"] for each in ids]
    assert [wallet["balance"] for wallet in balances] == [
        "7.00",
        "7",
        "7.000",
        "7.00000000",
        "0.000000000000000000",
    ]


def test_a_transaction_leads_to_its_wallet_and_entries(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("100.00")
    transaction = post(wallet, "-40", txid="TX", description="Lunch", metadata={"k": "v"})
    entry = Entry.objects.get(transaction_id=transaction.id)
    reply = ask(
        """query ($id: ID!) { transaction(id: $id) {
          id databaseId txid amount currency description metadata createdAt updatedAt wallet { databaseId balance }
          entries { edges { node { id databaseId sequence amount balanceAfter currency kind txid principal createdAt
            wallet { balance } transaction { txid } } } } } }""",
        id=transaction.id,
    )
    assert reply.errors == []
    assert reply.data["transaction"] == {
        "id": global_id("Transaction", transaction.id),
        "databaseId": str(transaction.id),
        "txid": "TX",
        "amount": "-40.00",
        "currency": "USD",
        "description": "Lunch",
        "metadata": {"k": "v"},
        "createdAt": print_time(transaction.created_at),
        "updatedAt": print_time(transaction.updated_at),
        "wallet": {"databaseId": str(wallet.id), "balance": "60.00"},
        "entries": {
            "edges": [
                {
                    "node": {
                        "id": global_id("Entry", entry.id),
                        "databaseId": str(entry.id),
                        "sequence": 2,
                        "amount": "-40.00",
                        "balanceAfter": "60.00",
                        "currency": "USD",
                        "kind": "post",
                        "txid": "TX",
                        "principal": "anonymous",
                        "createdAt": print_time(entry.created_at),
                        "wallet": {"balance": "60.00"},
                        "transaction": {"txid": "TX"},
                    }
                }
            ]
        },
    }


def test_ids_are_global_or_of_the_database(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("1.00")
    transaction = post(wallet, "1.00")
    for identifier in (wallet.id, str(wallet.id), global_id("Wallet", wallet.id)):
        assert ask("query ($id: ID!) { wallet(id: $id) { databaseId } }", id=identifier).data == {
            "wallet": {"databaseId": str(wallet.id)}
        }
        assert ask(
            "query ($id: ID!) { transactions(filters: {wallet: $id}) { totalCount } }", id=identifier
        ).data == {"transactions": {"totalCount": 1}}
    for identifier in (transaction.id, str(transaction.id), global_id("Transaction", transaction.id)):
        assert ask("query ($id: ID!) { transaction(id: $id) { txid } }", id=identifier).data == {
            "transaction": {"txid": transaction.txid}
        }
        assert ask(
            "query ($id: ID!) { entries(filters: {transaction: $id}) { totalCount } }", id=identifier
        ).data == {"entries": {"totalCount": 1}}


def test_objects_are_found_by_their_exact_names(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("1.00", label="Savings")
    post(wallet, "2.00", txid="TX1")
    by_label = "query ($label: String!) { walletByLabel(label: $label) { label } }"
    by_txid = "query ($txid: String!) { transactionByTxid(txid: $txid) { txid } }"
    assert ask(by_label, label="Savings").data == {"walletByLabel": {"label": "Savings"}}
    assert ask(by_txid, txid="TX1").data == {"transactionByTxid": {"txid": "TX1"}}
    for label in ("savings", "Savings ", "Sävings", "", "\u0000"):
        reply = ask(by_label, label=label)
        assert (reply.data, reply.codes) == ({"walletByLabel": None}, ["not_found"])
    reply = ask(by_txid, txid="tx1")
    assert (reply.data, reply.codes) == ({"transactionByTxid": None}, ["not_found"])


@pytest.mark.parametrize(
    "identifier",
    ["0", "987654321", "-1", "01", "1.0", " 1", "abc", "", "\uff19", "9" * 30, "RW50cnk6MQ==", 2**63, -(2**80)],
)
@pytest.mark.parametrize("name", ["wallet", "transaction"])
def test_an_id_that_nothing_has_is_not_found(name: str, identifier: object, ask: Any) -> None:
    reply = ask(f"query ($id: ID!) {{ {name}(id: $id) {{ id }} }}", id=identifier)
    assert reply.data == {name: None}
    assert reply.codes == ["not_found"]
    assert reply.errors[0]["path"] == [name]


def test_node_and_nodes_find_objects_of_every_type_and_null_for_the_rest(
    ask: Any, make_wallet: Any, post: Any
) -> None:
    wallet = make_wallet("1.00")
    transaction = post(wallet, "2.00")
    entry = Entry.objects.get(transaction_id=transaction.id)
    ids = [
        global_id("Transaction", transaction.id),
        global_id("Wallet", 987654321),
        global_id("Wallet", wallet.id),
        global_id("Entry", entry.id),
        global_id("Wallet", wallet.id),
        global_id("Wallet", 2**80),
    ]
    fields = "... on Node { __typename id } ... on Wallet { balance } ... on Transaction { wallet { balance } }"
    reply = ask(f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ {fields} }} }}", ids=ids)
    expected = [
        {"__typename": "Transaction", "id": ids[0], "wallet": {"balance": "3.00"}},
        None,
        {"__typename": "Wallet", "id": ids[2], "balance": "3.00"},
        {"__typename": "Entry", "id": ids[3]},
        {"__typename": "Wallet", "id": ids[2], "balance": "3.00"},
        None,
    ]
    assert reply.errors == []
    assert reply.data["nodes"] == expected
    for identifier, node in zip(ids, expected, strict=True):
        reply = ask(f"query ($id: ID!) {{ node(id: $id) {{ {fields} }} }}", id=identifier)
        assert (reply.data, reply.errors) == ({"node": node}, [])
    assert ask("{ nodes(ids: []) { id } }").data == {"nodes": []}


@pytest.mark.parametrize("identifier", ["1", "", "abc", "V2FsbGV0OjE", "Vm9pZDox", "ä", "\ud800"])
def test_an_invalid_global_id_is_refused(identifier: str, ask: Any) -> None:
    reply = ask("query ($id: ID!) { node(id: $id) { id } }", id=identifier)
    assert (reply.data, reply.codes) == ({"node": None}, ["invalid_parameter"])
    assert reply.errors[0]["extensions"]["parameter"] == "id"
    reply = ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[identifier])
    assert (reply.data, reply.codes) == ({"nodes": None}, ["invalid_parameter"])
    assert reply.errors[0]["extensions"]["parameter"] == "ids"


def test_at_most_100_nodes_are_fetched_at_once(ask: Any) -> None:
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert ask(query, ids=[global_id("Wallet", 1)] * 100).data == {"nodes": [None] * 100}
    reply = ask(query, ids=[global_id("Wallet", 1)] * 101)
    assert (reply.data, reply.codes) == ({"nodes": None}, ["invalid_parameter"])


def test_fragments_aliases_and_directives_select_the_right_fields(ask: Any, make_wallet: Any, post: Any) -> None:
    wallet = make_wallet("10.00", label="One")
    post(wallet, "1.00", txid="A")
    post(wallet, "2.00", txid="B")
    reply = ask(
        """
        query ($id: ID!, $yes: Boolean!, $no: Boolean = false) {
          first: wallet(id: $id) { ...Names all: transactions { totalCount } }
          second: wallet(id: $id) {
            ...Names
            latest: transactions(last: 1) { edges { node { txid w: wallet { label } v: wallet { balance } } } }
            hidden: transactions @skip(if: $yes) { totalCount }
            sequence @include(if: $no)
            ... @include(if: $yes) { currency }
            ... on Node @include(if: $no) { id }
          }
        }
        fragment Names on Wallet { name: label transactions(first: 1) { edges { node { txid } } } ...More }
        fragment More on Wallet { transactions(first: 1) { totalCount pageInfo { hasNextPage } } }
        """,
        id=wallet.id,
        yes=True,
    )
    assert reply.errors == []
    first_page = {"edges": [{"node": {"txid": "A"}}], "totalCount": 2, "pageInfo": {"hasNextPage": True}}
    assert reply.data == {
        "first": {"name": "One", "transactions": first_page, "all": {"totalCount": 2}},
        "second": {
            "name": "One",
            "transactions": first_page,
            "latest": {"edges": [{"node": {"txid": "B", "w": {"label": "One"}, "v": {"balance": "13.00"}}}]},
            "currency": "USD",
        },
    }


def test_one_field_that_fails_leaves_the_others(ask: Any, make_wallet: Any) -> None:
    wallet = make_wallet("10.00")
    reply = ask(
        f'{{ a: wallet(id: 987654321) {{ id }} b: wallet(id: {wallet.id}) {{ balance }} c: node(id: "x") {{ id }} }}'
    )
    assert reply.data == {"a": None, "b": {"balance": "10.00"}, "c": None}
    assert sorted(reply.codes) == ["invalid_parameter", "not_found"]
