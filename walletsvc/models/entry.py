from django.db import models
from django.db.models import Q

from walletsvc.models.columns import MAX_CURRENCY_LENGTH, MAX_TEXT_LENGTH
from walletsvc.models.transaction import Transaction
from walletsvc.models.wallet import Wallet
from walletsvc.money import DECIMAL_PLACES, MAX_DIGITS
from walletsvc.principals import OPERATOR


class Kind(models.TextChoices):
    """The change that made an entry."""

    OPENING = "opening"
    POST = "post"
    AMEND = "amend"
    DELETE = "delete"
    MOVE_OUT = "move_out"
    MOVE_IN = "move_in"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"


class Entry(models.Model):
    """One immutable line of the ledger.

    It outlives both its transaction and its wallet, so neither reference is enforced, and it keeps the txid,
    the currency and the owner itself. Callers of the owner read `shown_principal` instead of `principal`: the same if
    that was the owner's, otherwise `operator`, as for all rows of older servers.
    """

    id = models.BigAutoField(primary_key=True)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField()
    amount = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    balance_after = models.DecimalField(max_digits=MAX_DIGITS, decimal_places=DECIMAL_PLACES)
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    kind = models.CharField(max_length=16, choices=Kind)
    transaction = models.ForeignKey(
        Transaction, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, null=True
    )
    txid = models.CharField(max_length=MAX_TEXT_LENGTH, default="", blank=True)
    principal = models.CharField(max_length=MAX_TEXT_LENGTH)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", db_default="", blank=True)
    created_at = models.DateTimeField()
    shown_principal = models.CharField(max_length=MAX_TEXT_LENGTH, default=OPERATOR, db_default=OPERATOR)

    class Meta:
        indexes = [models.Index(fields=["owner"], name="entry_owner")]
        constraints = [
            models.UniqueConstraint(fields=["wallet", "sequence"], name="entry_wallet_sequence_unique"),
            models.CheckConstraint(condition=~Q(amount=0), name="entry_amount_not_zero"),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="entry_balance_after_not_negative"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="entry_sequence_positive"),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="entry_kind_known"),
            # Only an opening balance has no transaction.
            models.CheckConstraint(
                condition=Q(kind="opening", transaction=None, txid="")
                | (~Q(kind="opening") & Q(transaction__isnull=False) & ~Q(txid="")),
                name="entry_transaction_unless_opening",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.sequence}"
