"""A wallet with a balance, and the transactions that changed it. No ledger: the tutorials have none."""

from django.db import models


class Wallet(models.Model):
    label = models.CharField(max_length=255, unique=True)
    currency = models.CharField(max_length=16, default="USD")
    balance = models.DecimalField(max_digits=20, decimal_places=2, default=0)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "stock"
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=models.Q(balance__gte=0), name="stock_balance_not_negative")]

    class JSONAPIMeta:
        resource_name = "Wallet"

    def __str__(self) -> str:
        return self.label


class Transaction(models.Model):
    txid = models.CharField(max_length=255, unique=True)
    wallet = models.ForeignKey(Wallet, on_delete=models.PROTECT, related_name="transactions")
    amount = models.DecimalField(max_digits=20, decimal_places=2)
    currency = models.CharField(max_length=16, default="USD")
    description = models.CharField(max_length=1000, default="", blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "stock"
        ordering = ["id"]

    class JSONAPIMeta:
        resource_name = "Transaction"

    def __str__(self) -> str:
        return self.txid
