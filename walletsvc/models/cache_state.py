from django.db import models


class CacheState(models.Model):
    """The state of the cache: one row (`walletsvc.cache.lease`).

    `generation` only grows. While `suspended`, no process uses the cache. Otherwise all use `instance`: a Redis, or
    the process whose memory holds the cache; empty if none has been chosen yet. `identity` identifies this database.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    # Hexadecimal digits, which every collation compares exactly (see alembic/versions/0001).
    identity = models.TextField()
    generation = models.BigIntegerField()
    suspended = models.BooleanField()
    instance = models.TextField()

    def __str__(self) -> str:
        return f"{self.generation}: {'suspended' if self.suspended else self.instance or 'unused'}"
