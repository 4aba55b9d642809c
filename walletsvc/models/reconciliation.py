from django.db import models


class Reconciliation(models.Model):
    """What the last reconciliation of everything found: one row, for those who watch the server."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    finished_at = models.DateTimeField()
    discrepancies = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.finished_at:%Y-%m-%d %H:%M:%S}: {self.discrepancies}"
