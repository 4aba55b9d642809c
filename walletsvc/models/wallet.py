from django.db import models
from django.db.models import Q

from walletsvc.models.columns import MAX_CURRENCY_LENGTH, MAX_TEXT_LENGTH
from walletsvc.money import DECIMAL_PLACES, MAX_DIGITS


class Wallet(models.Model):
    """Holds money in one currency. `sequence` counts its entries and is its version.

    `transaction_count` is exact: a write locks and updates the row anyway, and lists avoid COUNT(*). It has no
    constraint because no decision depends on it: a wrong count must not block money.
    """

    id = models.BigAutoField(primary_key=True)
    label = models.CharField(max_length=MAX_TEXT_LENGTH)
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    balance = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES, default=0)
    sequence = models.BigIntegerField(default=0)
    transaction_count = models.BigIntegerField(default=0, db_default=0)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "label"], name="wallet_owner_label_unique"),
            models.CheckConstraint(condition=Q(balance__gte=0), name="wallet_balance_not_negative"),
            models.CheckConstraint(condition=Q(sequence__gte=0), name="wallet_sequence_not_negative"),
            models.CheckConstraint(condition=~Q(label=""), name="wallet_label_not_blank"),
            models.CheckConstraint(condition=~Q(currency=""), name="wallet_currency_not_blank"),
        ]
        # One for each sort order of lists, of all wallets and of one owner; InnoDB and SQLite append the id.
        indexes = [
            models.Index(fields=["label"], name="wallet_label"),
            models.Index(fields=["created_at"], name="wallet_created_at"),
            models.Index(fields=["balance"], name="wallet_balance"),
            models.Index(fields=["currency", "created_at"], name="wallet_currency"),
            models.Index(fields=["owner"], name="wallet_owner"),
            models.Index(fields=["owner", "created_at"], name="wallet_owner_created_at"),
            models.Index(fields=["owner", "balance"], name="wallet_owner_balance"),
            models.Index(fields=["owner", "currency"], name="wallet_owner_currency"),
        ]

    def __str__(self) -> str:
        return self.label
