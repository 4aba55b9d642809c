"""The GraphQL client for Python: `gql`, which fetches the schema and checks each document against it by itself."""

from __future__ import annotations

from typing import Any

import pytest
from gql import Client, GraphQLRequest, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.httpx import HTTPXTransport
from graphql import GraphQLError

from tests.live import LiveServer

pytestmark = pytest.mark.clients

CREATE_WALLET = gql("""
    mutation ($input: CreateWalletInput!) {
      createWallet(input: $input) { wallet { id databaseId balance } userErrors { code field } }
    }
""")
CREATE_TRANSACTION = gql("""
    mutation ($input: CreateTransactionInput!) {
      createTransaction(input: $input) {
        transaction { txid amount wallet { balance } }
        userErrors { code field }
      }
    }
""")
TRANSACTIONS = gql("""
    query ($wallet: ID, $first: Int, $after: String) {
      transactions(filters: {wallet: $wallet}, first: $first, after: $after) {
        edges { node { txid createdAt } }
        pageInfo { hasNextPage endCursor }
        totalCount
      }
    }
""")


def test_gql(server: LiveServer) -> None:
    transport = HTTPXTransport(url=f"{server.url}/graphql/", timeout=30)
    with Client(transport=transport, fetch_schema_from_transport=True) as client:
        assert client.client.schema is not None

        def run(document: GraphQLRequest, **variables: object) -> dict[str, Any]:
            return client.execute(GraphQLRequest(document, variable_values=variables))

        created = run(CREATE_WALLET, input={"label": "gql", "balance": "100.00"})["createWallet"]
        assert created["userErrors"] == []
        wallet = created["wallet"]["id"]
        assert created["wallet"]["balance"] == "100.00"
        for number in range(7):
            fields = {"walletId": wallet, "txid": f"gql-{number}", "amount": "10.00"}
            posted = run(CREATE_TRANSACTION, input=fields)["createTransaction"]
            assert posted["transaction"]["wallet"]["balance"] == f"{110 + 10 * number}.00"
        refused = run(CREATE_TRANSACTION, input={**fields, "txid": "gql-x", "amount": "-170.01"})
        assert refused["createTransaction"] == {
            "transaction": None,
            "userErrors": [{"code": "insufficient_funds", "field": "amount"}],
        }

        found, page = [], {"hasNextPage": True, "endCursor": None}
        while page["hasNextPage"]:
            answer = run(TRANSACTIONS, wallet=wallet, first=3, after=page["endCursor"])["transactions"]
            found += [edge["node"]["txid"] for edge in answer["edges"]]
            page = answer["pageInfo"]
        assert found == [f"gql-{number}" for number in range(7)]
        assert answer["totalCount"] == 7

        with pytest.raises(TransportQueryError) as missing:
            client.execute(gql('{ wallet(id: "999999") { id } }'))
        assert missing.value.errors[0]["extensions"]["code"] == "not_found"
        # This is refused by the client: the schema that it fetched knows better.
        with pytest.raises(GraphQLError, match="Cannot query field 'iban'"):
            client.execute(gql("{ wallets { edges { node { iban } } } }"))
