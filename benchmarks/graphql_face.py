"""The GraphQL face, as a client."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cached_property
from typing import Any, TypeVar

import httpx

from benchmarks.faces import (
    PAGE_SIZE,
    BadAnswerError,
    Face,
    NewTransaction,
    Reply,
    StoredTransaction,
    StoredWallet,
)

T = TypeVar("T")

CREATE_WALLET = """
mutation CreateWallet($input: CreateWalletInput!) {
  createWallet(input: $input) { wallet { databaseId balance } userErrors { code message field } }
}
"""
CREATE_TRANSACTION = """
mutation CreateTransaction($input: CreateTransactionInput!) {
  createTransaction(input: $input) { transaction { databaseId } userErrors { code message field } }
}
"""
WALLET_BY_LABEL = """
query WalletByLabel($label: String!) { walletByLabel(label: $label) { databaseId label balance } }
"""
TRANSACTION_BY_TXID = """
query TransactionByTxid($txid: String!) {
  transactionByTxid(txid: $txid) { txid amount wallet { databaseId } }
}
"""
LIST_WALLETS = """
query ListWallets($first: Int!, $after: String) {
  wallets(first: $first, after: $after) {
    edges { node { databaseId label balance } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
LIST_TRANSACTIONS = """
query ListTransactions($first: Int!, $after: String) {
  transactions(first: $first, after: $after) {
    edges { node { txid amount wallet { databaseId } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class GraphqlFace(Face):
    """Speak GraphQL over POST to /graphql/."""

    name = "graphql"
    content_type = "application/json"

    # Parsed once: parsing a URL costs a tenth of a post.
    @cached_property
    def _endpoint(self) -> httpx.URL:
        return httpx.URL(f"{self.url}/graphql/")

    def list_wallets(self) -> Iterator[StoredWallet]:
        return self._pages(LIST_WALLETS, _wallet)

    def list_transactions(self) -> Iterator[StoredTransaction]:
        return self._pages(LIST_TRANSACTIONS, _transaction)

    def _create_wallet(self, label: str, currency: str) -> Reply[str]:
        fields = {"label": label, "balance": "0", "currency": currency}
        body = _operation(CREATE_WALLET, input=fields)
        return self._send("POST", self._endpoint, body, lambda payload: _database_id(payload["wallet"]))

    def _create_transaction(self, wallet_id: str, new: NewTransaction) -> Reply[str]:
        fields = {
            "txid": new.txid,
            "amount": new.amount,
            "walletId": wallet_id,
            "description": new.description,
            "metadata": new.metadata,
        }
        body = _operation(CREATE_TRANSACTION, input=fields)
        return self._send("POST", self._endpoint, body, lambda payload: _database_id(payload["transaction"]))

    def _find_wallet(self, label: str) -> StoredWallet | None:
        return self._find(_operation(WALLET_BY_LABEL, label=label), _wallet)

    def _find_transaction(self, txid: str) -> StoredTransaction | None:
        return self._find(_operation(TRANSACTION_BY_TXID, txid=txid), _transaction)

    def _read(self, document: Any) -> tuple[Any, str | None]:
        if errors := document.get("errors"):
            return None, str(errors[0]["extensions"]["code"])
        # Each operation of this module selects one field.
        (payload,) = document["data"].values()
        if user_errors := (payload or {}).get("userErrors"):
            return None, str(user_errors[0]["code"])
        return payload, None

    def _find(self, body: object, read_row: Callable[[Any], T]) -> T | None:
        reply = self._send("POST", self._endpoint, body, lambda payload: payload and read_row(payload), write=False)
        if reply.code not in (None, "not_found"):
            raise BadAnswerError(f"POST {self._endpoint}: reading was refused: {reply.code}")
        return reply.value

    def _pages(self, query: str, read_row: Callable[[Any], T]) -> Iterator[T]:
        """Yield each node of a connection, following its cursors to the end."""

        def read_page(payload: Any) -> tuple[list[T], str | None]:
            info = payload["pageInfo"]
            rows = [read_row(edge["node"]) for edge in payload["edges"]]
            return rows, str(info["endCursor"]) if info["hasNextPage"] else None

        cursor = None
        while True:
            body = _operation(query, first=PAGE_SIZE, after=cursor)
            rows, following = self._fetch("POST", self._endpoint, body, read_page)
            yield from rows
            if following is None:
                return
            if following == cursor:
                raise BadAnswerError(f"POST {self._endpoint}: endCursor leads to the same page")
            cursor = following


def _operation(query: str, **variables: object) -> dict[str, object]:
    return {"query": query, "variables": variables}


def _database_id(node: Any) -> str:
    return str(node["databaseId"])


def _wallet(node: Any) -> StoredWallet:
    return StoredWallet(_database_id(node), node["label"], Decimal(node["balance"]))


def _transaction(node: Any) -> StoredTransaction:
    return StoredTransaction(node["txid"], Decimal(node["amount"]), _database_id(node["wallet"]))
