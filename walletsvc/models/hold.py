from django.db import models
from django.db.models import Q

from walletsvc.models.columns import (
    FINGERPRINT_BYTES,
    MAX_CURRENCY_LENGTH,
    MAX_DESCRIPTION_LENGTH,
    MAX_TEXT_LENGTH,
    FixedBytesField,
    money_column,
    zero_money_column,
)
from walletsvc.models.wallet import Wallet


class HoldState(models.TextChoices):
    """What became of a hold. Only an open one holds anything, and every other state is final."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class Hold(models.Model):
    """Money of a wallet that is set aside for a later capture.

    `remaining` is amount - captured - released: what it still holds. It is stored because a CHECK that subtracts
    would add SQLite's reals. From `expires_at` on it holds nothing, whatever its row still says.
    """

    id = models.BigAutoField(primary_key=True)
    txid = models.CharField(max_length=MAX_TEXT_LENGTH)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="holds", db_index=False)
    destination = models.ForeignKey(
        Wallet, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, null=True
    )
    amount = money_column()
    captured = zero_money_column()
    released = zero_money_column()
    remaining = money_column()
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", blank=True)
    state = models.CharField(max_length=8, choices=HoldState, default=HoldState.OPEN)
    expires_at = models.DateTimeField(null=True)
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    fingerprint = FixedBytesField(max_length=FINGERPRINT_BYTES)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    has_own_destination: bool | None = None
    """Whether the destination is of the same owner, if that was seen under the lock."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "txid"], name="hold_owner_txid_unique"),
            models.CheckConstraint(condition=~Q(txid=""), name="hold_txid_not_blank"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="hold_amount_positive"),
            models.CheckConstraint(condition=Q(captured__gte=0), name="hold_captured_not_negative"),
            models.CheckConstraint(condition=Q(released__gte=0), name="hold_released_not_negative"),
            models.CheckConstraint(condition=Q(remaining__gte=0), name="hold_remaining_not_negative"),
            models.CheckConstraint(condition=Q(state__in=HoldState.values), name="hold_state_known"),
        ]
        # One for each order of a list, of one owner and of all, and one to find what has expired.
        indexes = [
            models.Index(fields=["txid"], name="hold_txid"),
            models.Index(fields=["created_at"], name="hold_created_at"),
            models.Index(fields=["owner"], name="hold_owner"),
            models.Index(fields=["owner", "created_at"], name="hold_owner_created_at"),
            models.Index(fields=["wallet"], name="hold_wallet"),
            models.Index(fields=["wallet", "created_at"], name="hold_wallet_created_at"),
            models.Index(fields=["wallet", "state", "expires_at"], name="hold_wallet_state_expires_at"),
            models.Index(fields=["state", "expires_at"], name="hold_state_expires_at"),
        ]

    def __str__(self) -> str:
        return self.txid
