from django.db import models


class TransactionCount(models.Model):
    """A part of the number of all transactions, which is the sum of the parts.

    Each thread adds to its own part: with a single row, writers would wait for each other's COMMIT. Like a wallet's
    `transaction_count`, it has no constraint because no decision depends on it.
    """

    part = models.PositiveSmallIntegerField(primary_key=True)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.part}: {self.count}"
