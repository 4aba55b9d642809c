from django.db import models


class TransactionCount(models.Model):
    """A part of the number of all transactions, which is the sum of the parts.

    Each write adds to the part of its own thread: were there one, writers would wait for each other's COMMIT. Like a
    wallet's `transaction_count`, it decides nothing, and so has no constraint.
    """

    part = models.PositiveSmallIntegerField(primary_key=True)
    count = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.part}: {self.count}"
