"""JSON:API documents: requests, validated by pydantic, and responses."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field

from benchmarks.peers.fastapi_wallet.tables import Entry, Transaction, Wallet

MEDIA_TYPE = "application/vnd.api+json"


class Identifier(BaseModel):
    type: Literal["Wallet"]
    id: Annotated[int, Field(gt=0, lt=2**63)]


class ToWallet(BaseModel):
    data: Identifier


class Relationships(BaseModel):
    wallet: ToWallet


class Attributes(BaseModel):
    txid: Annotated[str, Field(min_length=1, max_length=255)]
    amount: Annotated[Decimal, Field(max_digits=20, decimal_places=2)]
    description: Annotated[str, Field(max_length=1000)] = ""
    metadata: dict[str, Any] = {}


class NewTransaction(BaseModel):
    type: Literal["Transaction"]
    attributes: Attributes
    relationships: Relationships


class NewTransactionDocument(BaseModel):
    data: NewTransaction


def wallet_resource(wallet: Wallet) -> dict[str, Any]:
    """Return the resource object of a wallet."""
    url = f"/api/wallets/{wallet.id}/"
    return {
        "type": "Wallet",
        "id": str(wallet.id),
        "attributes": {
            "label": wallet.label,
            "balance": f"{wallet.balance:.2f}",
            "currency": wallet.currency,
            "sequence": wallet.sequence,
            "metadata": wallet.extra,
            "createdAt": _print_time(wallet.created_at),
            "updatedAt": _print_time(wallet.updated_at),
        },
        "relationships": {"transactions": _links(url, "transactions"), "entries": _links(url, "entries")},
        "links": {"self": url},
    }


def transaction_resource(transaction: Transaction, entries: Sequence[int] | None = None) -> dict[str, Any]:
    """Return the resource object of a transaction, with linkage to the `entries` that are included."""
    url = f"/api/transactions/{transaction.id}/"
    return {
        "type": "Transaction",
        "id": str(transaction.id),
        "attributes": {
            "txid": transaction.txid,
            "amount": f"{transaction.amount:.2f}",
            "currency": transaction.currency,
            "description": transaction.description,
            "metadata": transaction.extra,
            "createdAt": _print_time(transaction.created_at),
            "updatedAt": _print_time(transaction.updated_at),
        },
        "relationships": {
            "wallet": {**_links(url, "wallet"), "data": {"type": "Wallet", "id": str(transaction.wallet_id)}},
            "entries": _links(url, "entries")
            if entries is None
            else {**_links(url, "entries"), "data": [{"type": "Entry", "id": str(each)} for each in entries]},
        },
        "links": {"self": url},
    }


def entry_resource(entry: Entry) -> dict[str, Any]:
    """Return the resource object of an entry."""
    url = f"/api/entries/{entry.id}/"
    transaction = None if entry.transaction_id is None else {"type": "Transaction", "id": str(entry.transaction_id)}
    return {
        "type": "Entry",
        "id": str(entry.id),
        "attributes": {
            "sequence": entry.sequence,
            "amount": f"{entry.amount:.2f}",
            "balanceAfter": f"{entry.balance_after:.2f}",
            "currency": entry.currency,
            "kind": entry.kind,
            "txid": entry.txid,
            "principal": entry.principal,
            "createdAt": _print_time(entry.created_at),
        },
        "relationships": {
            "wallet": {**_links(url, "wallet"), "data": {"type": "Wallet", "id": str(entry.wallet_id)}},
            "transaction": {**_links(url, "transaction"), "data": transaction},
        },
        "links": {"self": url},
    }


def encode_one(resource: dict[str, Any]) -> bytes:
    """Return the document of one resource."""
    return _encode({"data": resource, "links": {"self": resource["links"]["self"]}})


def encode_page(
    resources: Sequence[dict[str, Any]],
    *,
    path: str,
    number: int,
    size: int,
    count: int,
    included: Sequence[dict[str, Any]] | None,
) -> bytes:
    """Return the document of page `number` of a list of `count` resources."""
    pages = max(1, -(-count // size))

    def link(page: int) -> str:
        return f"{path}?page[number]={page}&page[size]={size}"

    links = {
        "self": link(number),
        "first": link(1),
        "last": link(pages),
        "prev": link(number - 1) if number > 1 else None,
        "next": link(number + 1) if number < pages else None,
    }
    meta = {"pagination": {"page": number, "pages": pages, "count": count}}
    members = {"data": resources, "links": links, "meta": meta}
    return _encode(members if included is None else {**members, "included": included})


def encode_tree(wallets: Sequence[Wallet]) -> bytes:
    """Return the wallets, at most 10 transactions of each, and at most 2 entries of those, as GraphQL shows them."""
    edges = [
        {
            "node": {
                "databaseId": str(wallet.id),
                "label": wallet.label,
                "balance": f"{wallet.balance:.2f}",
                "transactions": {"edges": [_transaction_edge(each) for each in wallet.transactions[:10]]},
            }
        }
        for wallet in wallets
    ]
    return orjson.dumps({"data": {"wallets": {"edges": edges}}})


def _transaction_edge(transaction: Transaction) -> dict[str, Any]:
    entries = [
        {
            "node": {
                "sequence": entry.sequence,
                "amount": f"{entry.amount:.2f}",
                "balanceAfter": f"{entry.balance_after:.2f}",
            }
        }
        for entry in transaction.entries[:2]
    ]
    return {
        "node": {
            "databaseId": str(transaction.id),
            "txid": transaction.txid,
            "amount": f"{transaction.amount:.2f}",
            "entries": {"edges": entries},
        }
    }


def encode_error(status: int, code: str, detail: str) -> bytes:
    """Return the document of a refusal."""
    return _encode({"errors": [{"status": str(status), "code": code, "detail": detail}]})


def _encode(members: dict[str, Any]) -> bytes:
    return orjson.dumps({"jsonapi": {"version": "1.1"}, **members})


def _links(url: str, name: str) -> dict[str, Any]:
    return {"links": {"self": f"{url}relationships/{name}", "related": f"{url}{name}"}}


def _print_time(value: datetime) -> str:
    return value.isoformat(timespec="microseconds") + "Z"
