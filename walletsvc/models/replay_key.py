from django.db import models

from walletsvc.models.columns import FINGERPRINT_BYTES, FixedBytesField

KEY_HASH_BYTES = 32


class ReplayKey(models.Model):
    """An Idempotency-Key that has committed with its request.

    `hash` is the SHA-256 of its owner (or else of its subject) and its text. `kind` and `target` name what the
    request made; `results` has what can be made again neither from the request nor from entries. Its key does not
    grow by itself, so that LAST_INSERT_ID() still means the transactions inserted before it.
    """

    hash = FixedBytesField(max_length=KEY_HASH_BYTES, primary_key=True)
    fingerprint = FixedBytesField(max_length=FINGERPRINT_BYTES)
    kind = models.CharField(max_length=32)
    target = models.BigIntegerField(null=True)
    results = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="replaykey_created_at")]

    def __str__(self) -> str:
        return f"{bytes(self.hash).hex()} {self.kind}"
