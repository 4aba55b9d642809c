from django.db import models
from django.db.models import Q

from walletsvc.models.columns import MAX_CURRENCY_LENGTH, MAX_TEXT_LENGTH, money_column, zero_money_column
from walletsvc.models.hold import Hold
from walletsvc.models.transaction import Transaction
from walletsvc.models.wallet import Wallet
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
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    ADJUST = "adjust"
    REVERSAL = "reversal"
    SETTINGS = "settings"


_WITHOUT_TRANSACTION = (Kind.OPENING, Kind.SETTINGS)
_OF_HOLD = (Kind.HOLD, Kind.RELEASE, Kind.EXPIRE, Kind.ADJUST)
_OF_TRANSACTION = tuple(each for each in Kind if each not in (*_WITHOUT_TRANSACTION, *_OF_HOLD))


class Entry(models.Model):
    """One immutable line of the ledger.

    It changes the balance by `amount`, or what is held by `held`, or both; or else the wallet's settings: then
    `detail` says from what to what. A line that only holds or releases money names its hold by txid, and has no
    transaction.

    It outlives both its transaction and its wallet, so neither reference is enforced, and it keeps the txid,
    the currency and the owner itself. Callers of the owner read `shown_principal` instead of `principal`: the same if
    that was the owner's, otherwise `operator`, as for all rows of older servers.
    """

    id = models.BigAutoField(primary_key=True)
    wallet = models.ForeignKey(
        Wallet, on_delete=models.DO_NOTHING, related_name="entries", db_constraint=False, db_index=False
    )
    sequence = models.BigIntegerField()
    amount = money_column()
    balance_after = money_column()
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
    held = zero_money_column()
    held_after = zero_money_column()
    hold = models.ForeignKey(
        Hold, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False, null=True
    )
    detail = models.JSONField(default=dict, db_default={}, blank=True)

    class Meta:
        indexes = [models.Index(fields=["owner"], name="entry_owner")]
        constraints = [
            models.UniqueConstraint(fields=["wallet", "sequence"], name="entry_wallet_sequence_unique"),
            models.CheckConstraint(
                condition=~Q(amount=0) | ~Q(held=0) | Q(kind=Kind.SETTINGS), name="entry_changes_something"
            ),
            models.CheckConstraint(condition=Q(held_after__gte=0), name="entry_held_after_not_negative"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="entry_sequence_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=_WITHOUT_TRANSACTION, transaction=None, txid="")
                | (Q(kind__in=_OF_HOLD, transaction=None, hold__isnull=False) & ~Q(txid=""))
                | (Q(kind__in=_OF_TRANSACTION, transaction__isnull=False) & ~Q(txid="")),
                name="entry_transaction_by_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wallet_id}/{self.sequence}"
