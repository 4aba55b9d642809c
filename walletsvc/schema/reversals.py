"""What the reversals of transactions and of transfers take from clients, on both faces."""

from __future__ import annotations

from walletsvc.schema.declarations import Field, Write
from walletsvc.schema.resources import TRANSACTION, TRANSFER
from walletsvc.schema.types import Amount, Conditions

_WHOLE = "All that is left of it, if omitted."

TRANSACTION_REVERSAL = TRANSACTION.as_given(
    "txid",
    "description",
    "metadata",
    inputs=(
        Field(
            "amount",
            Amount(is_positive=True),
            f"How much of the transaction is taken back, as a positive amount. {_WHOLE}",
            write=Write.ONCE,
        ),
        Field(
            "conditions",
            Conditions(),
            "What must be true of the wallet, or nothing is reversed: its sequence before, its balance and what is"
            " available after, and the moment.",
            write=Write.ONCE,
        ),
    ),
)
TRANSFER_REVERSAL = TRANSFER.as_given(
    "txid",
    "description",
    "metadata",
    inputs=(
        Field(
            "amount",
            Amount(is_positive=True),
            "How much of the transfer is taken back, if one amount is all that it moved: between two wallets, or"
            f" between one and the outside. {_WHOLE}",
            write=Write.ONCE,
        ),
        Field(
            "conditions",
            Conditions(),
            "What must be true of the wallet that gives the money back, or of the only one, or nothing is reversed."
            " If the transfer moved more than one amount, only notAfter.",
            write=Write.ONCE,
        ),
    ),
)
