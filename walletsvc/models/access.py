from django.db import models

from walletsvc.models.columns import MAX_TEXT_LENGTH


class ApiKey(models.Model):
    """A key by which a program identifies itself. The text is stored nowhere, only its SHA-256.

    `owner` is NULL for a key that reaches everything. `expires_at` is NULL for one that never expires. `limit` is
    NULL for the usual one. `replaces` is the key that it was rotated from.
    """

    id = models.CharField(max_length=10, primary_key=True)
    digest = models.BinaryField(max_length=32)
    name = models.CharField(max_length=MAX_TEXT_LENGTH)
    owner = models.CharField(max_length=MAX_TEXT_LENGTH, null=True)  # noqa: DJ001 - '' is the owner of unowned rows
    scopes = models.CharField(max_length=MAX_TEXT_LENGTH)
    limit = models.CharField(max_length=64, null=True)  # noqa: DJ001 - for none of its own
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=MAX_TEXT_LENGTH)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    replaces = models.CharField(max_length=10, null=True)  # noqa: DJ001 - for none

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(scopes=""), name="apikey_scopes_not_blank")]

    def __str__(self) -> str:
        return f"{self.id} {self.name}"


class AccessEvent(models.Model):
    """One change of a caller's rights. Append-only, like entries."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=MAX_TEXT_LENGTH)
    action = models.CharField(max_length=16)
    key = models.CharField(max_length=10)
    reason = models.CharField(max_length=MAX_TEXT_LENGTH, default="", blank=True)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.by} {self.action} {self.key}"
