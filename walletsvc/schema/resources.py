"""The public resources, each declared once: what both faces show, and the columns behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.schema.kinds import AMOUNT, INTEGER, METADATA, TEXT, TIME, Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A public attribute: `name` as the faces call it, the `column` behind it and what that holds."""

    name: str
    column: str
    kind: Kind = TEXT


@dataclass(frozen=True, slots=True)
class ToOne:
    """A relation to one other resource, through a key that this table holds."""

    name: str
    target: str
    column: str


@dataclass(frozen=True, slots=True)
class ToMany:
    """A relation to many, through a key `column` of the target's table that refers to this one.

    As a rule there are `few`: so few that a page shows all of them.
    """

    name: str
    target: str
    column: str
    few: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A public type. `orders` maps each name it can be sorted by to its column; each has an index.

    Of those with one parent, by the key that refers to it: `walks` has the index by which to walk through them in the
    order of a column, so that a page reads what it shows; and `numbers` the column, if there is one, that numbers
    them from 1, without a gap and in the order of their ids.
    """

    name: str
    model: type[Model]
    fields: tuple[Field, ...]
    orders: Mapping[str, str]
    to_one: Mapping[str, ToOne] = field(default_factory=dict)
    to_many: Mapping[str, ToMany] = field(default_factory=dict)
    walks: Mapping[tuple[str, str], str] = field(default_factory=dict)
    numbers: Mapping[str, str] = field(default_factory=dict)

    def kind_of(self, column: str) -> Kind:
        """Return what a column holds: one of an attribute, or else a key."""
        return next((each.kind for each in self.fields if each.column == column), INTEGER)


def _by_name(*relations: Any) -> dict[str, Any]:
    return {relation.name: relation for relation in relations}


_TIMES = (Field("createdAt", "created_at", TIME), Field("updatedAt", "updated_at", TIME))

WALLET = Resource(
    name="Wallet",
    model=Wallet,
    fields=(
        Field("label", "label"),
        Field("balance", "balance", AMOUNT),
        Field("currency", "currency"),
        Field("sequence", "sequence", INTEGER),
        Field("metadata", "metadata", METADATA),
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
        Field("amount", "amount", AMOUNT),
        Field("currency", "currency"),
        Field("description", "description"),
        Field("metadata", "metadata", METADATA),
        *_TIMES,
    ),
    orders={"id": "id", "txid": "txid", "amount": "amount", "createdAt": "created_at"},
    to_one=_by_name(ToOne("wallet", "Wallet", "wallet_id")),
    to_many=_by_name(ToMany("entries", "Entry", "transaction_id", few=True)),
    walks={
        ("wallet_id", "id"): "transaction_wallet",
        ("wallet_id", "created_at"): "transaction_wallet_created_at",
        ("wallet_id", "amount"): "transaction_wallet_amount",
    },
)
ENTRY = Resource(
    name="Entry",
    model=Entry,
    fields=(
        Field("sequence", "sequence", INTEGER),
        Field("amount", "amount", AMOUNT),
        Field("balanceAfter", "balance_after", AMOUNT),
        Field("currency", "currency"),
        Field("kind", "kind"),
        Field("txid", "txid"),
        Field("principal", "principal"),
        Field("createdAt", "created_at", TIME),
    ),
    orders={"id": "id", "sequence": "sequence"},
    to_one=_by_name(ToOne("wallet", "Wallet", "wallet_id"), ToOne("transaction", "Transaction", "transaction_id")),
    walks={("wallet_id", "sequence"): "entry_wallet_sequence_unique"},
    # The ledger numbers and inserts a wallet's entries under its lock.
    numbers={"wallet_id": "sequence"},
)
RESOURCES: Mapping[str, Resource] = {resource.name: resource for resource in (WALLET, TRANSACTION, ENTRY)}
