"""The public resources, each declared once: what both faces show, accept, refuse and describe. All are found here.

REST's attributes and their description, GraphQL's types, inputs, filters and orders, the filters of lists, the
inputs of commands and the read engine's columns all follow from here.
"""

from __future__ import annotations

from collections.abc import Mapping

from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.models.entry import Kind as EntryKind
from walletsvc.models.wallet import State as WalletState
from walletsvc.principals import Principal
from walletsvc.schema.declarations import Field, Resource, ToMany, ToOne, Write
from walletsvc.schema.holds import HOLD
from walletsvc.schema.parts import CREATED_AT, METADATA, NAME, NOT_FOR_OWNERS, OWNER, RANGE, UPDATED_AT, by_name
from walletsvc.schema.transfers import MAX_LEGS, MAX_TRANSFER_TXID_LENGTH, TRANSFER
from walletsvc.schema.types import Amount, Choice, Conditions, Counter, Currency, Metadata, Moment, Name, Owner, Text

__all__ = [
    "ENTRY",
    "HOLD",
    "MAX_LEGS",
    "MAX_TRANSFER_TXID_LENGTH",
    "RESOURCES",
    "RESOURCES_OF_OWNER",
    "TRANSACTION",
    "TRANSFER",
    "WALLET",
    "known_to",
]

WALLET = Resource(
    name="Wallet",
    model=Wallet,
    description="Holds money in one currency.",
    scope="wallets:read",
    fields=(
        Field("label", Name(), "Unique, and compared byte for byte.", **NAME),
        Field(
            "balance",
            Amount(),
            "The amount of money that it holds.",
            write=Write.ONCE,
            filters=("exact", *RANGE),
            sorts=True,
            input="The opening balance, 0 by default. Later only transactions change it.",
            fixed="Only transactions change the balance of a wallet.",
        ),
        Field(
            "currency",
            Currency(),
            "The code of an ISO 4217 currency or of an asset.",
            write=Write.ONCE,
            filters=("exact",),
            sorts=True,
            input="The code of a currency or asset; the default currency of this server if omitted.",
        ),
        Field("held", Amount(), "The part of the balance that open holds have set aside."),
        Field(
            "floor",
            Amount(),
            "What the balance does not fall below: a credit line if negative, a minimum if positive.",
            write=Write.LATER,
        ),
        Field("available", Amount(), "What a debit or hold can take: balance - held - floor, never below 0."),
        Field(
            "state",
            Choice(WalletState),
            "Nothing leaves a frozen wallet; a closed one accepts nothing, and stays closed.",
            write=Write.LATER,
            filters=("exact",),
            input="active or frozen, or closed, once it is empty and for good.",
        ),
        Field("sequence", Counter(), "The number of its entries so far: the version of the wallet."),
        Field(
            "owner",
            Owner(),
            f"Whose it is; empty for nobody in particular. {NOT_FOR_OWNERS}",
            unbound=True,
            write=Write.ONCE,
            filters=("exact",),
            input="Whose it becomes; nobody's if omitted. Callers that are bound to an owner cannot send it.",
            fixed="The owner of a wallet never changes.",
        ),
        METADATA,
        CREATED_AT,
        UPDATED_AT,
    ),
    to_many=by_name(
        ToMany("transactions", "Transaction", "wallet_id", "Its transactions.", within_wallet=True),
        ToMany("entries", "Entry", "wallet_id", "Its lines in the ledger.", within_wallet=True),
        ToMany("holds", "Hold", "wallet_id", "What is set aside for later captures.", within_wallet=True),
    ),
    search=("label",),
    walks={
        ("", "id"): "PRIMARY",
        ("", "label"): "wallet_label",
        ("", "balance"): "wallet_balance",
        ("", "currency"): "wallet_of_currency",
        ("", "created_at"): "wallet_created_at",
        ("owner", "id"): "wallet_owner",
        ("owner", "label"): "wallet_owner_label_unique",
        ("owner", "balance"): "wallet_owner_balance",
        ("owner", "currency"): "wallet_owner_currency",
        ("owner", "created_at"): "wallet_owner_created_at",
    },
)
TRANSACTION = Resource(
    name="Transaction",
    model=Transaction,
    description="One named change of one wallet.",
    scope="transactions:read",
    fields=(
        Field("txid", Name(), "The client's name for it: unique, and compared byte for byte.", **NAME),
        Field(
            "amount",
            Amount(may_be_zero=False),
            "Not zero: positive for a credit, negative for a debit.",
            write=Write.ALWAYS,
            required=True,
            filters=("exact", *RANGE),
            sorts=True,
        ),
        Field("currency", Currency(), "The currency of its wallet.", filters=("exact",)),
        Field("reversed", Amount(), "How much of it has been taken back, as a positive amount."),
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
            "What must be true of the wallet, or nothing is posted: its sequence before, its balance and what is"
            " available after, and the moment.",
            write=Write.ONCE,
        ),
    ),
    to_one=by_name(
        ToOne(
            "wallet",
            "Wallet",
            "wallet_id",
            "The wallet that it changes.",
            within_wallet=True,
            write=Write.ALWAYS,
            required=True,
            filters=True,
        ),
        # Changes of a transfer's texts leave the wallets of its legs alone.
        ToOne(
            "transfer",
            "Transfer",
            "transfer_id",
            "The transfer that it is a leg of; null if it is none.",
            optional=True,
            filters=True,
            owner_column="own_transfer_id",
        ),
        ToOne(
            "hold",
            "Hold",
            "hold_id",
            "The hold that it has captured a part of; null if it has none.",
            within_wallet=True,
            optional=True,
            filters=True,
        ),
        # Neither a reversal nor what it reverses ever moves.
        ToOne(
            "reversalOf",
            "Transaction",
            "reversal_of_id",
            "The transaction of which it takes back all or a part; null if it is no reversal.",
            within_wallet=True,
            optional=True,
            filters=True,
        ),
    ),
    to_many=by_name(
        # A transaction may leave entries in a wallet that it has moved out of.
        ToMany("entries", "Entry", "transaction_id", "Its lines in the ledger.", few=True),
        ToMany(
            "reversals",
            "Transaction",
            "reversal_of_id",
            "The transactions that take it back.",
            within_wallet=True,
            few=True,
        ),
    ),
    search=("txid", "description"),
    walks={
        ("", "id"): "PRIMARY",
        ("", "txid"): "transaction_txid",
        ("", "created_at"): "transaction_created_at",
        ("", "amount"): "transaction_amount",
        ("owner", "id"): "transaction_owner",
        ("owner", "txid"): "transaction_owner_txid_unique",
        ("owner", "created_at"): "transaction_owner_created_at",
        ("owner", "amount"): "transaction_owner_amount",
        ("wallet_id", "id"): "transaction_wallet",
        ("wallet_id", "created_at"): "transaction_wallet_created_at",
        ("wallet_id", "amount"): "transaction_wallet_amount",
        ("transfer_id", "id"): "transaction_transfer",
        ("hold_id", "id"): "transaction_hold",
        ("reversal_of_id", "id"): "transaction_reversal_of",
    },
)
ENTRY = Resource(
    name="Entry",
    model=Entry,
    description="One immutable line of the ledger.",
    scope="transactions:read",
    fields=(
        Field(
            "sequence",
            Counter(),
            "Its place among the entries of its wallet, from 1, without a gap.",
            filters=("gt",),
            sorts=True,
        ),
        Field("amount", Amount()),
        Field("balanceAfter", Amount(), "The wallet's balance after this entry."),
        Field("held", Amount(), "The change of what is held."),
        Field("heldAfter", Amount(), "What is held in the wallet after this entry."),
        Field("detail", Metadata(), "The settings that it changed, each from and to; otherwise empty."),
        Field("currency", Currency(), "The currency of its wallet."),
        Field("kind", Choice(EntryKind), "The kind of change that made it.", filters=("exact",)),
        Field(
            "txid",
            Name(),
            "Its transaction's txid then, or that of its hold; empty for an opening balance.",
            filters=("exact",),
        ),
        Field(
            "principal",
            Name(),
            "Who made it; to callers bound to an owner, `operator` unless it was one of the owner's.",
            owner_column="shown_principal",
        ),
        OWNER,
        Field("createdAt", Moment(), filters=RANGE),
    ),
    to_one=by_name(
        ToOne(
            "wallet",
            "Wallet",
            "wallet_id",
            "Its wallet; null if deleted.",
            within_wallet=True,
            optional=True,
            filters=True,
        ),
        # It may have moved to another wallet since.
        ToOne(
            "transaction",
            "Transaction",
            "transaction_id",
            "Its transaction; null if deleted.",
            optional=True,
            filters=True,
        ),
        ToOne(
            "hold",
            "Hold",
            "hold_id",
            "The hold whose money it set aside or freed; null if there is none.",
            within_wallet=True,
            optional=True,
        ),
    ),
    walks={
        ("", "id"): "PRIMARY",
        ("owner", "id"): "entry_owner",
        ("wallet_id", "sequence"): "entry_wallet_sequence_unique",
    },
    # The ledger numbers and inserts a wallet's entries under its lock.
    numbers={"wallet_id": "sequence"},
)
RESOURCES: Mapping[str, Resource] = {
    resource.name: resource for resource in (WALLET, TRANSACTION, ENTRY, TRANSFER, HOLD)
}

RESOURCES_OF_OWNER: Mapping[str, Resource] = {name: resource.of_owner for name, resource in RESOURCES.items()}
"""The resources as callers bound to an owner know them."""


def known_to(principal: Principal) -> Mapping[str, Resource]:
    """Return the resources as a caller knows them."""
    return RESOURCES if principal.owner is None else RESOURCES_OF_OWNER
