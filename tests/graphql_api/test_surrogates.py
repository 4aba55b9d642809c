"""JSON can spell half a character (RFC 8259, section 8.2), and UTF-8 cannot: wherever it stands, it finds nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.graphql_api.conftest import read

pytestmark = pytest.mark.django_db

HALF = "\ud800"
PERSISTED = {"version": 1, "sha256Hash": HALF}

REQUESTS: dict[str, tuple[dict[str, object], str]] = {
    "documentId": ({"documentId": HALF}, "PERSISTED_QUERY_NOT_FOUND"),
    "a long documentId": ({"documentId": HALF * 100_000}, "PERSISTED_QUERY_NOT_FOUND"),
    "documentId beside a query": ({"query": "{ __typename }", "documentId": HALF}, "persisted_query_mismatch"),
    "sha256Hash": ({"extensions": {"persistedQuery": PERSISTED}}, "persisted_query_mismatch"),
    "operationName": ({"query": "{ __typename }", "operationName": HALF}, "graphql_validation_failed"),
    "query": ({"query": HALF}, "graphql_parse_failed"),
}


@pytest.mark.parametrize(("content", "code"), REQUESTS.values(), ids=REQUESTS.keys())
def test_in_the_request_itself(content: dict[str, object], code: str, client: Client) -> None:
    reply = read(client.post("/graphql/", json.dumps(content), content_type="application/json"))
    assert (reply.status, reply.codes) == (200, [code])


QUERIES = {
    "wallet": ("query ($v: ID!) { wallet(id: $v) { id } }", "not_found"),
    "transaction": ("query ($v: ID!) { transaction(id: $v) { id } }", "not_found"),
    "node": ("query ($v: ID!) { node(id: $v) { id } }", "invalid_parameter"),
    "nodes": ("query ($v: ID!) { nodes(ids: [$v]) { id } }", "invalid_parameter"),
    "walletByLabel": ("query ($v: String!) { walletByLabel(label: $v) { id } }", "not_found"),
    "transactionByTxid": ("query ($v: String!) { transactionByTxid(txid: $v) { id } }", "not_found"),
    "after": ("query ($v: String) { wallets(after: $v) { totalCount } }", "invalid_parameter"),
    "before": ("query ($v: String) { wallets(last: 1, before: $v) { totalCount } }", "invalid_parameter"),
    "label": ("query ($v: String) { wallets(filters: {label: {exact: $v}}) { totalCount } }", "invalid_parameter"),
    "icontains": (
        "query ($v: String) { wallets(filters: {label: {icontains: $v}}) { totalCount } }",
        "invalid_parameter",
    ),
    "search": ("query ($v: String) { transactions(filters: {search: $v}) { totalCount } }", "invalid_parameter"),
    "amount": (
        "query ($v: Amount) { transactions(filters: {amount: {gte: $v}}) { totalCount } }",
        "invalid_parameter",
    ),
    "createdAt": (
        "query ($v: DateTime) { wallets(filters: {createdAt: {gte: $v}}) { totalCount } }",
        "invalid_parameter",
    ),
    "wallet of transactions": (
        "query ($v: ID) { transactions(filters: {wallet: $v}) { totalCount } }",
        "invalid_parameter",
    ),
    "kind": ("query ($v: EntryKind) { entries(filters: {kind: $v}) { totalCount } }", "invalid"),
    "a direction": ("query ($v: Ordering!) { wallets(ordering: [{id: $v}]) { totalCount } }", "invalid"),
    "an Int": ("query ($v: Int) { wallets(first: $v) { totalCount } }", "invalid"),
    "a Boolean": ("query ($v: Boolean!) { wallets { totalCount @skip(if: $v) } }", "invalid"),
    "an object": ("query ($v: WalletFilters) { wallets(filters: $v) { totalCount } }", "invalid"),
}


@pytest.mark.parametrize(("query", "code"), QUERIES.values(), ids=QUERIES.keys())
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_in_a_variable_of_a_query(query: str, code: str, method: str, client: Client) -> None:
    for value in (HALF, f"a{HALF}b", HALF * 1000):
        variables = json.dumps({"v": value})
        if method == "GET":
            reply = read(client.get("/graphql/", {"query": query, "variables": variables}))
        else:
            body = f'{{"query": {json.dumps(query)}, "variables": {variables}}}'
            reply = read(client.post("/graphql/", body, content_type="application/json"))
        assert reply.status == 200
        assert reply.codes == [code]


def test_as_the_name_of_an_unknown_field(ask: Any) -> None:
    reply = ask("query ($v: WalletFilters) { wallets(filters: $v) { totalCount } }", v={HALF: 1})
    assert reply.codes == ["invalid"]


MUTATIONS = {
    "createWallet": ("CreateWalletInput", {"label": HALF}, "invalid"),
    "currency": ("CreateWalletInput", {"label": "A", "currency": HALF}, "unknown_currency"),
    "balance": ("CreateWalletInput", {"label": "A", "balance": HALF}, "invalid_amount"),
    "metadata": ("CreateWalletInput", {"label": "A", "metadata": {"a": HALF}}, "invalid"),
    "updateWallet": ("UpdateWalletInput", {"id": HALF, "label": "A"}, "not_found"),
    "deleteWallet": ("DeleteWalletInput", {"id": HALF}, "not_found"),
    "createTransaction": ("CreateTransactionInput", {"txid": HALF, "amount": "1", "walletId": "1"}, "invalid"),
    "walletId": ("CreateTransactionInput", {"txid": "T", "amount": "1", "walletId": HALF}, "not_found"),
    "description": (
        "CreateTransactionInput",
        {"txid": "T", "amount": "1", "walletId": "1", "description": HALF},
        "invalid",
    ),
    "deleteTransaction": ("DeleteTransactionInput", {"id": HALF}, "not_found"),
}


@pytest.mark.parametrize(("kind", "values", "code"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_in_a_variable_of_a_mutation(
    kind: str, values: dict[str, object], code: str, ask: Any, everything: Any
) -> None:
    name = kind[0].lower() + kind.removesuffix("Input")[1:]
    reply = ask(f"mutation ($v: {kind}!) {{ done: {name}(input: $v) {{ userErrors {{ code }} }} }}", v=values)
    assert [error["code"] for error in reply.data["done"]["userErrors"]] == [code]
    assert everything() == [[], [], []]
