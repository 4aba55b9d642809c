from django.db import models
from django.db.models import Q

from walletsvc.models.columns import MAX_CURRENCY_LENGTH, MAX_DESCRIPTION_LENGTH, MAX_TEXT_LENGTH
from walletsvc.models.wallet import Wallet
from walletsvc.money import DECIMAL_PLACES, MAX_DIGITS


class Transaction(models.Model):
    """One named change of one wallet. `currency` repeats its wallet's, so that amounts print without reading it.

    So does `owner`, which the ledger copies and never changes: what an owner may see is found without the wallet. An
    older server does not write it, so its rows have no owner (`walletsvc.ledger.adoption`).
    """

    id = models.BigAutoField(primary_key=True)
    txid = models.CharField(max_length=MAX_TEXT_LENGTH)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transactions", db_index=False)
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", db_default="", blank=True)
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "txid"], name="transaction_owner_txid_unique"),
            models.CheckConstraint(condition=~Q(amount=0), name="transaction_amount_not_zero"),
            models.CheckConstraint(condition=~Q(txid=""), name="transaction_txid_not_blank"),
        ]
        # One for each order of a list, of one owner and of all.
        indexes = [
            models.Index(fields=["txid"], name="transaction_txid"),
            models.Index(fields=["created_at"], name="transaction_created_at"),
            models.Index(fields=["amount"], name="transaction_amount"),
            models.Index(fields=["owner"], name="transaction_owner"),
            models.Index(fields=["owner", "created_at"], name="transaction_owner_created_at"),
            models.Index(fields=["owner", "amount"], name="transaction_owner_amount"),
            models.Index(fields=["wallet"], name="transaction_wallet"),
            models.Index(fields=["wallet", "created_at"], name="transaction_wallet_created_at"),
            models.Index(fields=["wallet", "amount"], name="transaction_wallet_amount"),
        ]

    def __str__(self) -> str:
        return self.txid
