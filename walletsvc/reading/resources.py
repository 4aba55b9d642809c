"""The public resources, each declared once: what both faces show, and the columns behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model

from walletsvc import money
from walletsvc.models import Entry, Transaction, Wallet

Printer = Callable[[Any, str], object]
"""Turns a column's value into what both faces print; it is given the row's currency too."""


def print_amount(value: Decimal, currency: str) -> str:
    """Print an amount at the scale of its currency."""
    return money.format_amount(value, currency)


def print_time(value: datetime, _currency: str = "") -> str:
    """Print a moment in UTC to the microsecond, as RFC 3339 has it: 2026-01-31T12:00:00.000000Z."""
    if value.tzinfo is not UTC:
        value = value.astimezone(UTC)
    return value.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


@dataclass(frozen=True, slots=True)
class Field:
    """A public attribute: `name` as the faces call it, the `column` behind it, how it prints (None: as it is)."""

    name: str
    column: str
    print: Printer | None = None


@dataclass(frozen=True, slots=True)
class ToOne:
    """A relation to one other resource, through a key that this table holds."""

    name: str
    target: str
    column: str


@dataclass(frozen=True, slots=True)
class ToMany:
    """A relation to many, through a key `column` of the target's table that refers to this one."""

    name: str
    target: str
    column: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A public type. `orders` maps each name it can be sorted by to its column; each has an index."""

    name: str
    model: type[Model]
    fields: tuple[Field, ...]
    orders: Mapping[str, str]
    to_one: Mapping[str, ToOne] = field(default_factory=dict)
    to_many: Mapping[str, ToMany] = field(default_factory=dict)


def _by_name(*relations: Any) -> dict[str, Any]:
    return {relation.name: relation for relation in relations}


_TIMES = (Field("createdAt", "created_at", print_time), Field("updatedAt", "updated_at", print_time))

WALLET = Resource(
    name="Wallet",
    model=Wallet,
    fields=(
        Field("label", "label"),
        Field("balance", "balance", print_amount),
        Field("currency", "currency"),
        Field("sequence", "sequence"),
        Field("metadata", "metadata"),
        *_TIMES,
    ),
    orders={
        "id": "id",
        "label": "label",
        "balance": "balance",
        "currency": "currency",
        "createdAt": "created_at",
    },
    to_many=_by_name(ToMany("transactions", "Transaction", "wallet_id"), ToMany("entries", "Entry", "wallet_id")),
)
TRANSACTION = Resource(
    name="Transaction",
    model=Transaction,
    fields=(
        Field("txid", "txid"),
        Field("amount", "amount", print_amount),
        Field("currency", "currency"),
        Field("description", "description"),
        Field("metadata", "metadata"),
        *_TIMES,
    ),
    orders={"id": "id", "txid": "txid", "amount": "amount", "createdAt": "created_at"},
    to_one=_by_name(ToOne("wallet", "Wallet", "wallet_id")),
    to_many=_by_name(ToMany("entries", "Entry", "transaction_id")),
)
ENTRY = Resource(
    name="Entry",
    model=Entry,
    fields=(
        Field("sequence", "sequence"),
        Field("amount", "amount", print_amount),
        Field("balanceAfter", "balance_after", print_amount),
        Field("currency", "currency"),
        Field("kind", "kind"),
        Field("txid", "txid"),
        Field("principal", "principal"),
        Field("createdAt", "created_at", print_time),
    ),
    orders={"id": "id", "sequence": "sequence"},
    to_one=_by_name(ToOne("wallet", "Wallet", "wallet_id"), ToOne("transaction", "Transaction", "transaction_id")),
)
RESOURCES: Mapping[str, Resource] = {resource.name: resource for resource in (WALLET, TRANSACTION, ENTRY)}
