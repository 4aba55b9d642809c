"""Holds, as both faces show, accept and describe them."""

from __future__ import annotations

from walletsvc.models import Hold
from walletsvc.models.hold import HoldState
from walletsvc.schema.declarations import Field, Resource, ToMany, ToOne, Write
from walletsvc.schema.parts import CREATED_AT, METADATA, OWNER, RANGE, UPDATED_AT, by_name
from walletsvc.schema.types import Amount, Choice, Conditions, Currency, Name, OptionalMoment, Text

HOLD = Resource(
    name="Hold",
    model=Hold,
    description="Money of a wallet that is set aside for later captures.",
    scope="transactions:read",
    fields=(
        Field(
            "txid",
            Name(),
            "The client's name for it: unique among holds, and compared byte for byte.",
            write=Write.ONCE,
            required=True,
            unique=True,
            filters=("exact", "icontains"),
            sorts=True,
        ),
        Field(
            "amount",
            Amount(is_positive=True),
            "What it set aside in all: positive. While it is open, it can be raised as far as money is available, and"
            " lowered as far as nothing has been captured or released.",
            write=Write.ALWAYS,
            required=True,
        ),
        Field("captured", Amount(), "What has been captured of it: more than its amount, if excess was allowed."),
        Field("released", Amount(), "What went back to the wallet, or was left when it ended."),
        Field("remaining", Amount(), "What it still holds: amount - captured - released, but not below 0."),
        Field("currency", Currency(), "The currency of its wallet.", filters=("exact",)),
        Field(
            "state",
            Choice(HoldState),
            "Only an open one holds anything. All others are final: captured, if a part of it was.",
            filters=("exact",),
        ),
        Field(
            "expiresAt",
            OptionalMoment(),
            "From then on it holds nothing; null for never.",
            write=Write.ALWAYS,
            filters=RANGE,
        ),
        OWNER,
        Field("description", Text(), "Any text.", write=Write.ALWAYS),
        METADATA,
        CREATED_AT,
        UPDATED_AT,
    ),
    inputs=(
        Field(
            "conditions",
            Conditions(),
            "What must be true of the wallet, or nothing is held: its sequence before, its balance and what is"
            " available after, and the moment.",
            write=Write.ONCE,
        ),
    ),
    to_one=by_name(
        ToOne(
            "wallet",
            "Wallet",
            "wallet_id",
            "The wallet whose money it holds.",
            within_wallet=True,
            write=Write.ONCE,
            required=True,
            filters=True,
        ),
        ToOne(
            "destination",
            "Wallet",
            "destination_id",
            "The wallet that gets what is captured; null if it goes outside.",
            optional=True,
            write=Write.ONCE,
            owner_column="own_destination_id",
        ),
    ),
    to_many=by_name(ToMany("captures", "Transaction", "hold_id", "What has been captured of it.", few=True)),
    search=("txid", "description"),
    walks={
        ("", "id"): "PRIMARY",
        ("", "txid"): "hold_txid",
        ("", "created_at"): "hold_created_at",
        ("owner", "id"): "hold_owner",
        ("owner", "txid"): "hold_owner_txid_unique",
        ("owner", "created_at"): "hold_owner_created_at",
        ("wallet_id", "id"): "hold_wallet",
        ("wallet_id", "created_at"): "hold_wallet_created_at",
    },
)
