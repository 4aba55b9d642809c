"""The requests of both faces, as templates."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from benchmarks.harness.wrk import Template

MEDIA_TYPE = "application/vnd.api+json"
ATOMIC = f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'
CURSOR_PROFILE = f'{MEDIA_TYPE}; profile="https://jsonapi.org/profiles/ethanresnick/cursor-pagination/"'
_READ = {"Accept": MEDIA_TYPE}
_WRITE = {"Accept": MEDIA_TYPE, "Content-Type": MEDIA_TYPE}
_GRAPHQL = {"Accept": "application/json", "Content-Type": "application/json"}

_NEW_TRANSACTION: dict[str, Any] = {
    "type": "Transaction",
    "attributes": {"txid": "{txid}", "amount": "{amount}"},
    "relationships": {"wallet": {"data": {"type": "Wallet", "id": "{wallet}"}}},
}


def _with_attributes(resource: dict[str, Any], **attributes: object) -> dict[str, Any]:
    return resource | {"attributes": resource["attributes"] | attributes}


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


POST_TRANSACTION = Template(
    "/api/transactions/", method="POST", headers=_WRITE, body=_json({"data": _NEW_TRANSACTION})
)
BATCH = Template(
    "/api/operations",
    method="POST",
    headers={"Accept": ATOMIC, "Content-Type": ATOMIC},
    body='{"atomic:operations":[{items}]}',
    item=_json({"op": "add", "data": _NEW_TRANSACTION}),
    repeats=1,
)
POST_WITH_KEY = replace(POST_TRANSACTION, headers=_WRITE | {"Idempotency-Key": "{txid}"})
POST_WITH_CONDITIONS = Template(
    "/api/transactions/",
    method="POST",
    headers=_WRITE,
    body=_json({"data": _with_attributes(_NEW_TRANSACTION, conditions={"available": {"gte": "0.00"}})}),
)
POST_TRANSFER = Template(
    "/api/transfers/",
    method="POST",
    headers=_WRITE,
    body=_json(
        {
            "data": {
                "type": "Transfer",
                "attributes": {"txid": "{txid}", "source": "{wallet}", "destination": "{other}", "amount": "{sum}"},
            }
        }
    ),
)
POST_HOLD = Template(
    "/api/holds/",
    method="POST",
    headers=_WRITE,
    body=_json({"data": {"type": "Hold", "attributes": {"txid": "{txid}", "wallet": "{wallet}", "amount": "{sum}"}}}),
)
CAPTURE = Template(
    "/api/holds/{wallet}/captures",
    method="POST",
    headers=_WRITE,
    body=_json({"data": {"type": "Transaction", "attributes": {"txid": "{txid}", "amount": "{sum}"}}}),
)
GET_WALLET = Template("/api/wallets/{wallet}/", headers=_READ)


def get_list(size: int, *parameters: str, headers: dict[str, str] | None = None) -> Template:
    """Return the GET of a page of transactions, with more `parameters` of the query (`filter[wallet]=1`)."""
    query = "&".join([f"page[size]={size}", *parameters]).replace("[", "%5B").replace("]", "%5D")
    return Template(f"/api/transactions/?{query}", headers=headers or _READ)


_CONNECTION = """query Transactions($first: Int!, $after: String, $filters: TransactionFilters) {
  transactions(first: $first, after: $after, filters: $filters) {
    edges { cursor node { id databaseId txid amount createdAt wallet { id label } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def _connection(arguments: str) -> str:
    # The stock schema has no such input types, so this query has no variables.
    return f"""{{
  transactions({arguments}) {{
    edges {{ cursor node {{ id databaseId txid amount createdAt wallet {{ id label }} }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""


_CREATE = """mutation Create($input: CreateTransactionInput!) {
  createTransaction(input: $input) { transaction { id databaseId txid amount createdAt } userErrors { code message } }
}"""


def ask_graphql(document: str, variables: dict[str, object] | None = None) -> Template:
    """Return the POST of a GraphQL operation."""
    body = {"query": document} if variables is None else {"query": document, "variables": variables}
    return Template("/graphql/", method="POST", headers=_GRAPHQL, body=_json(body))


CONNECTION_OF_20, CONNECTION_OF_100 = (ask_graphql(_connection(f"first: {size}")) for size in (20, 100))
# All amounts are larger, so both have the same answer: one document is always the same, the other always a new one.
KNOWN_DOCUMENT, NEW_DOCUMENT = (
    ask_graphql(_connection(f'first: 100, filters: {{amount: {{gte: "-{least}"}}}}'))
    for least in ("1000000000000", "{fresh}")
)
TREE = ask_graphql(
    """{ wallets(first: 20) { edges { node { databaseId label balance
  transactions(first: 10) { edges { node { databaseId txid amount
    entries(first: 2) { edges { node { sequence amount balanceAfter } } } } } } } } } }"""
)
CREATE_BY_GRAPHQL = ask_graphql(_CREATE, {"input": {"txid": "{txid}", "amount": "{amount}", "walletId": "{wallet}"}})


def get_connection(size: int, **variables: object) -> Template:
    """Return the GraphQL query of a page of transactions; `variables` are `after` and `filters`."""
    return ask_graphql(_CONNECTION, {"first": size, **variables})
