from django.db import models
from django.db.models import Q

from walletsvc.models.columns import (
    FINGERPRINT_BYTES,
    MAX_DESCRIPTION_LENGTH,
    MAX_TEXT_LENGTH,
    FixedBytesField,
)


class Transfer(models.Model):
    """Transactions that happened together: its legs, which sum to zero with what crosses the border.

    `external` maps currencies to what the outside got, as plain decimals: negative if it came from there. `owner` is
    that of all its wallets, or empty if they have several. Only description and metadata ever change.
    """

    id = models.BigAutoField(primary_key=True)
    txid = models.CharField(max_length=MAX_TEXT_LENGTH)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", blank=True)
    description = models.CharField(max_length=MAX_DESCRIPTION_LENGTH, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    external = models.JSONField(default=dict, blank=True)
    reversal_of = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, related_name="reversals", db_constraint=False, null=True
    )
    fingerprint = FixedBytesField(max_length=FINGERPRINT_BYTES)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "txid"], name="transfer_owner_txid_unique"),
            models.CheckConstraint(condition=~Q(txid=""), name="transfer_txid_not_blank"),
        ]
        # One for each order of a list, of one owner and of all.
        indexes = [
            models.Index(fields=["txid"], name="transfer_txid"),
            models.Index(fields=["created_at"], name="transfer_created_at"),
            models.Index(fields=["owner"], name="transfer_owner"),
            models.Index(fields=["owner", "created_at"], name="transfer_owner_created_at"),
        ]

    def __str__(self) -> str:
        return self.txid
