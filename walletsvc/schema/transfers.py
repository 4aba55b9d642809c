"""Transfers, as both faces show, accept and describe them."""

from __future__ import annotations

from walletsvc.models import Transfer
from walletsvc.models.columns import MAX_TEXT_LENGTH
from walletsvc.schema.declarations import Field, Resource, ToMany, ToOne, Write
from walletsvc.schema.parts import CREATED_AT, METADATA, NOT_FOR_OWNERS, by_name
from walletsvc.schema.types import Amount, Conditions, External, Legs, Name, Owner, Text

MAX_LEGS = 100
MAX_TRANSFER_TXID_LENGTH = MAX_TEXT_LENGTH - len(f".{MAX_LEGS}")
"""The txid of each leg must fit as well."""

TRANSFER = Resource(
    name="Transfer",
    model=Transfer,
    description="Transactions that happen together, all or nothing: its legs.",
    scope="transactions:read",
    fields=(
        Field(
            "txid",
            Name(MAX_TRANSFER_TXID_LENGTH),
            "The client's name for it: unique among transfers, and compared byte for byte. Its legs have the txids"
            " `{txid}.1`, `{txid}.2` and so on.",
            write=Write.ONCE,
            required=True,
            unique=True,
            filters=("exact", "icontains"),
            sorts=True,
        ),
        Field(
            "external",
            External(),
            "What the outside gets, by currency: negative if it comes from there.",
            write=Write.ONCE,
            input="With legs: what the outside gets, negative if it comes from there. Each currency sums to 0.",
        ),
        Field(
            "owner",
            Owner(),
            f"The owner of all its wallets; empty if they have several. {NOT_FOR_OWNERS}",
            unbound=True,
            filters=("exact",),
        ),
        Field("description", Text(), "Any text.", write=Write.ALWAYS),
        METADATA,
        CREATED_AT,
    ),
    # It has no amounts of its own.
    currency="txid",
    inputs=(
        ToOne("source", "Wallet", "source", "The wallet that pays.", write=Write.ONCE),
        ToOne("destination", "Wallet", "destination", "The wallet that is paid.", write=Write.ONCE),
        Field("amount", Amount(may_be_zero=False), "What source pays to destination.", write=Write.ONCE),
        Field(
            "upTo",
            Amount(may_be_zero=False),
            "In place of an amount: what is available is paid, but not more than this.",
            write=Write.ONCE,
        ),
        Field(
            "legs",
            Legs(),
            "In place of source, destination and amount: 2 to 100 legs, or one and something external.",
            write=Write.ONCE,
        ),
        Field(
            "conditions",
            Conditions(),
            "With source and destination: what must be true of the source, or nothing is moved. A leg has its own.",
            write=Write.ONCE,
        ),
    ),
    to_one=by_name(
        ToOne(
            "reversalOf",
            "Transfer",
            "reversal_of_id",
            "The transfer of which it takes back all or a part; null if it is no reversal.",
            optional=True,
            filters=True,
        ),
    ),
    to_many=by_name(
        ToMany("legs", "Transaction", "transfer_id", "Its transactions.", few=True),
        ToMany("reversals", "Transfer", "reversal_of_id", "The transfers that take it back.", few=True),
    ),
    search=("txid", "description"),
    walks={
        ("", "id"): "PRIMARY",
        ("", "txid"): "transfer_txid",
        ("", "created_at"): "transfer_created_at",
        ("owner", "id"): "transfer_owner",
        ("owner", "txid"): "transfer_owner_txid_unique",
        ("owner", "created_at"): "transfer_owner_created_at",
    },
)
