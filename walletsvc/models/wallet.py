from django.db import models
from django.db.models import Q

from walletsvc.models.columns import MAX_CURRENCY_LENGTH, MAX_TEXT_LENGTH, money_column, zero_money_column


class State(models.TextChoices):
    """What a wallet accepts.

    A frozen wallet's `available` may not fall. A closed one accepts nothing, and stays so.
    """

    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSED = "closed"


class Wallet(models.Model):
    """Holds money in one currency. `sequence` counts its entries and is its version.

    `available` is balance - held - floor, which no operation lets fall below 0. It is stored because a CHECK that
    subtracts would add SQLite's reals. `held` is the sum of what open holds have left; a `floor` below 0 is a credit
    line, one above 0 a minimum. `next_expiry` is not later than the first expiry of an open hold, if one expires.

    `transaction_count` is exact: a write locks and updates the row anyway, and lists avoid COUNT(*). It has no
    constraint because no decision depends on it: a wrong count must not block money.
    """

    id = models.BigAutoField(primary_key=True)
    label = models.CharField(max_length=MAX_TEXT_LENGTH)
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH)
    balance = money_column(default=0)
    sequence = models.BigIntegerField(default=0)
    transaction_count = models.BigIntegerField(default=0, db_default=0)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    held = zero_money_column()
    floor = zero_money_column()
    available = zero_money_column()
    state = models.CharField(max_length=8, choices=State, default=State.ACTIVE, db_default=State.ACTIVE)
    next_expiry = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "label"], name="wallet_owner_label_unique"),
            models.CheckConstraint(condition=Q(held__gte=0), name="wallet_held_not_negative"),
            models.CheckConstraint(condition=Q(available__gte=0), name="wallet_available_not_negative"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="wallet_state_known"),
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
            models.Index(fields=["currency"], name="wallet_of_currency"),
            models.Index(fields=["state"], name="wallet_state"),
            models.Index(fields=["owner"], name="wallet_owner"),
            models.Index(fields=["owner", "created_at"], name="wallet_owner_created_at"),
            models.Index(fields=["owner", "balance"], name="wallet_owner_balance"),
            models.Index(fields=["owner", "currency"], name="wallet_owner_currency"),
        ]

    def __str__(self) -> str:
        return self.label
