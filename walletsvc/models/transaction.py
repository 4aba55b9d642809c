from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs

from walletsvc.models.columns import (
    FINGERPRINT_BYTES,
    MAX_CURRENCY_LENGTH,
    MAX_DESCRIPTION_LENGTH,
    MAX_TEXT_LENGTH,
    FixedBytesField,
    money_column,
    zero_money_column,
)
from walletsvc.models.hold import Hold
from walletsvc.models.transfer import Transfer
from walletsvc.models.wallet import Wallet


class Transaction(models.Model):
    """One named change of one wallet. `currency` repeats its wallet's, so that amounts print without reading it.

    So does `owner`, which the ledger copies and never changes: what an owner may see is found without the wallet. An
    older server does not write it, so its rows have no owner (`walletsvc.ledger.adoption`).

    A leg of a transfer, a capture of a hold and a reversal refer to it; none of these is ever deleted before them.
    `reversed` is the absolute sum of the transaction's reversals.
    """

    id = models.BigAutoField(primary_key=True)
    txid = models.CharField(max_length=MAX_TEXT_LENGTH)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    amount = money_column()
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", db_default="", blank=True)
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    transfer = models.ForeignKey(
        Transfer, on_delete=models.DO_NOTHING, related_name="legs", db_constraint=False, db_index=False, null=True
    )
    hold = models.ForeignKey(
        Hold, on_delete=models.DO_NOTHING, related_name="captures", db_constraint=False, db_index=False, null=True
    )
    reversal_of = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, related_name="reversals", db_constraint=False, db_index=False, null=True
    )
    reversed = zero_money_column()
    fingerprint = FixedBytesField(max_length=FINGERPRINT_BYTES, null=True)

    line: Any = None
    """The entry that the ledger has decided for this object last (`ledger.writer.Line`). No column."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "txid"], name="transaction_owner_txid_unique"),
            models.CheckConstraint(condition=~Q(amount=0), name="transaction_amount_not_zero"),
            models.CheckConstraint(condition=~Q(txid=""), name="transaction_txid_not_blank"),
            models.CheckConstraint(
                condition=Q(reversed__gte=0) & Q(reversed__lte=Abs(F("amount"))), name="transaction_reversed_in_part"
            ),
        ]
        # One for each order of a list, of one owner and of all.
        indexes = [
            models.Index(fields=["txid"], name="transaction_txid"),
            models.Index(fields=["created_at"], name="transaction_created_at"),
            models.Index(fields=["amount"], name="transaction_amount"),
            models.Index(fields=["owner"], name="transaction_owner"),
            models.Index(fields=["owner", "created_at"], name="transaction_owner_created_at"),
            models.Index(fields=["owner", "amount"], name="transaction_owner_amount"),
            models.Index(fields=["transfer"], name="transaction_transfer"),
            models.Index(fields=["hold"], name="transaction_hold"),
            models.Index(fields=["reversal_of"], name="transaction_reversal_of"),
            models.Index(fields=["wallet"], name="transaction_wallet"),
            models.Index(fields=["wallet", "created_at"], name="transaction_wallet_created_at"),
            models.Index(fields=["wallet", "amount"], name="transaction_wallet_amount"),
        ]

    def __str__(self) -> str:
        return self.txid
