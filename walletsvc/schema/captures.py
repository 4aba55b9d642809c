"""What the captures and releases of holds take from clients, on both faces."""

from __future__ import annotations

from walletsvc.schema.declarations import Field, Write
from walletsvc.schema.resources import HOLD, TRANSACTION
from walletsvc.schema.types import Amount, Flag

CAPTURE = TRANSACTION.as_given(
    "txid",
    "description",
    "metadata",
    inputs=(
        Field(
            "amount",
            Amount(is_positive=True),
            "Positive; all that remains of the hold if omitted.",
            write=Write.ONCE,
        ),
        Field("isFinal", Flag(), "Whether what then remains is released.", write=Write.ONCE),
        Field(
            "allowExcess",
            Flag(),
            "Whether more than remains may be captured, as far as it is available.",
            write=Write.ONCE,
        ),
        *(each for each in TRANSACTION.inputs if each.name == "conditions"),
    ),
)
"""A transaction as those describe it who capture a hold."""
RELEASE = HOLD.as_given(
    inputs=(
        Field(
            "amount",
            Amount(is_positive=True),
            "What to release: positive; all that remains if omitted.",
            write=Write.ONCE,
        ),
    ),
)
"""A hold as those describe it who release a part of it."""
