from django.db import models


class CacheState(models.Model):
    """Whom the cache may be trusted by: one row (`walletsvc.cache.lease`).

    `generation` only grows. While `suspended`, nobody uses the cache. `instance` is the Redis, or the process with a
    cache in its memory, that everybody uses otherwise; empty for none yet. `identity` is this database's own.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    # Hexadecimal digits, and so of no collation's concern (see alembic/versions/0001).
    identity = models.TextField()
    generation = models.BigIntegerField()
    suspended = models.BooleanField()
    instance = models.TextField()

    def __str__(self) -> str:
        return f"{self.generation}: {'suspended' if self.suspended else self.instance or 'unused'}"
