"""JSON:API documents: requests, validated by pydantic, and responses."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field

from benchmarks.peers.fastapi_wallet.tables import Transaction, Wallet

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


def transaction_resource(transaction: Transaction) -> dict[str, Any]:
    """Return the resource object of a transaction."""
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
            "entries": _links(url, "entries"),
        },
        "links": {"self": url},
    }


def encode_one(resource: dict[str, Any]) -> bytes:
    """Return the document of one resource."""
    return _encode({"data": resource, "links": {"self": resource["links"]["self"]}})


def encode_page(resources: Sequence[dict[str, Any]], *, path: str, number: int, size: int, count: int) -> bytes:
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
    return _encode({"data": resources, "links": links, "meta": meta})


def encode_error(status: int, code: str, detail: str) -> bytes:
    """Return the document of a refusal."""
    return _encode({"errors": [{"status": str(status), "code": code, "detail": detail}]})


def _encode(members: dict[str, Any]) -> bytes:
    return orjson.dumps({"jsonapi": {"version": "1.1"}, **members})


def _links(url: str, name: str) -> dict[str, Any]:
    return {"links": {"self": f"{url}relationships/{name}", "related": f"{url}{name}"}}


def _print_time(value: datetime) -> str:
    return value.isoformat(timespec="microseconds") + "Z"
