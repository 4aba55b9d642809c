"""The writes that both faces know, each as a request of either face."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.chaos.clients import MEDIA_TYPE

ATOMIC = f'{MEDIA_TYPE}; ext="https://jsonapi.org/ext/atomic"'
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A POST, as it goes over the wire."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Act:
    """A write: its path and type in REST, its mutation and what that makes in GraphQL.

    `references` are the values that GraphQL calls `walletId` where REST says `wallet`.
    """

    path: str
    type: str
    mutation: str
    made: str
    references: tuple[str, ...] = ()

    def by_rest(self, key: str, values: Values, target: str | None = None) -> Request:
        """Return the request of REST. `target` is the id in its path, if there is one."""
        document = {"data": {"type": self.type, "attributes": dict(values)}}
        headers = {"Content-Type": MEDIA_TYPE, "Idempotency-Key": key}
        return Request(self.path.format(id=target), json.dumps(document).encode(), headers)

    def by_graphql(
        self, key: str, values: Values, target: str | None = None, *, shown: str = "databaseId"
    ) -> Request:
        """Return the mutation, whose payload `shown` is selected of what it makes; its alias is `done`."""
        given = {f"{name}Id" if name in self.references else name: each for name, each in values.items()}
        given |= {"idempotencyKey": key} | ({} if target is None else {"id": target})
        query = (
            f"mutation ($input: {self.mutation[0].upper()}{self.mutation[1:]}Input!) {{"
            f" done: {self.mutation}(input: $input)"
            f" {{ isReplay {self.made} {{ {shown} }} userErrors {{ code }} }} }}"
        )
        return _mutation(query, {"input": given})


@dataclass(frozen=True)
class Batch:
    """Several posts, all or nothing: `values` has their values as `rows`."""

    made: ClassVar[str] = "transactions"

    def by_rest(self, key: str, values: Values, _target: str | None = None) -> Request:
        """Return the request for Atomic Operations."""
        operations = [
            {"op": "add", "data": {"type": "Transaction", "attributes": dict(each)}} for each in values["rows"]
        ]
        headers = {"Content-Type": ATOMIC, "Accept": ATOMIC, "Idempotency-Key": key}
        return Request("/api/operations", json.dumps({"atomic:operations": operations}).encode(), headers)

    def by_graphql(
        self, key: str, values: Values, _target: str | None = None, *, shown: str = "databaseId"
    ) -> Request:
        """Return the mutation for many transactions."""
        rows = [
            {"walletId" if name == "wallet" else name: value for name, value in each.items()}
            for each in values["rows"]
        ]
        query = (
            "mutation ($rows: [TransactionRowInput!]!, $key: String) {"
            " done: createTransactions(input: $rows, idempotencyKey: $key)"
            f" {{ isReplay transactions {{ {shown} }} userErrors {{ code }} }} }}"
        )
        return _mutation(query, {"rows": rows, "key": key})


def _mutation(query: str, variables: Values) -> Request:
    body = json.dumps({"query": query, "variables": variables}).encode()
    return Request("/graphql/", body, {"Content-Type": "application/json"})


WALLET = Act("/api/wallets/", "Wallet", "createWallet", "wallet")
POST = Act("/api/transactions/", "Transaction", "createTransaction", "transaction", ("wallet",))
TRANSFER = Act("/api/transfers/", "Transfer", "createTransfer", "transfer")
HOLD = Act("/api/holds/", "Hold", "createHold", "hold", ("wallet", "destination"))
CAPTURE = Act("/api/holds/{id}/captures", "Transaction", "captureHold", "transaction")
RELEASE = Act("/api/holds/{id}/releases", "Hold", "releaseHold", "hold")
REVERSE = Act("/api/transactions/{id}/reversals", "Transaction", "reverseTransaction", "transaction")
REVERSE_TRANSFER = Act("/api/transfers/{id}/reversals", "Transfer", "reverseTransfer", "transfer")
BATCH = Batch()
