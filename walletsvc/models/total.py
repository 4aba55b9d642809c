from django.db import models

from walletsvc.models.columns import MAX_CURRENCY_LENGTH, zero_total_column


class Total(models.Model):
    """A part of what all transactions of a currency come to: their number, and what has crossed the border.

    `received` came from outside, `paid` went there, both gross and 0 or more. A total is the sum of its parts. Each
    thread adds to its own part: with a single row, writers would wait for each other's COMMIT. Like a wallet's
    `transaction_count`, it has no constraint because no decision depends on it.

    Servers of earlier versions know the table by its name, with `part` and `count` only, and write parts without a
    currency. SQLite, which would add reals, has no other parts, and none has sums.
    """

    pk = models.CompositePrimaryKey("part", "currency")
    part = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=MAX_CURRENCY_LENGTH, default="", db_default="", blank=True)
    count = models.BigIntegerField(default=0)
    received = zero_total_column()
    paid = zero_total_column()

    class Meta:
        db_table = "walletsvc_transactioncount"

    def __str__(self) -> str:
        return f"{self.part} {self.currency}: {self.count}"
