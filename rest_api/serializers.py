"""The contract of each resource: its public names and types, and what a request may write.

Answers are encoded from the read engine's records (`encoder.py`), and commands check what is written. The serializers
say which names there are and which of them can be written, for the parser of documents and for the description
of the API. Their output equals the encoder's, which a test proves.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from rest_framework import fields
from rest_framework.fields import CharField, IntegerField, JSONField
from rest_framework_json_api import serializers
from rest_framework_json_api.relations import ResourceRelatedField

from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.models.columns import MAX_DESCRIPTION_LENGTH, MAX_TEXT_LENGTH
from walletsvc.money import format_amount
from walletsvc.schema.kinds import print_time

# The stubs make it generic, the library does not.
_Field: Any = fields.Field


class AmountField(_Field):
    """An exact decimal number, as text at the scale of the object's currency: "150.00"."""

    def get_attribute(self, instance: Any) -> tuple[Decimal, str]:
        return getattr(instance, str(self.source)), instance.currency

    def to_representation(self, value: tuple[Decimal, str]) -> str:
        return format_amount(*value)

    def to_internal_value(self, data: Any) -> Any:
        return data


class TimeField(_Field):
    """A moment in UTC as in RFC 3339."""

    def to_representation(self, value: datetime) -> str:
        return print_time(value)


class WalletSerializer(serializers.ModelSerializer):
    """Holds money in one currency."""

    label = CharField(max_length=MAX_TEXT_LENGTH, help_text="Unique, compared byte for byte.")
    balance = AmountField(required=False, help_text="The opening balance; later changed by transactions only.")
    currency = CharField(required=False, help_text="An ISO 4217 code or an asset of this server. Fixed once chosen.")
    sequence = IntegerField(read_only=True, help_text="How many entries the wallet has.")
    metadata = JSONField(required=False, help_text="An object of your own.")
    created_at = TimeField(read_only=True)
    updated_at = TimeField(read_only=True)
    transactions = ResourceRelatedField(many=True, read_only=True)
    entries = ResourceRelatedField(many=True, read_only=True)

    included_serializers = {
        "transactions": "rest_api.serializers.TransactionSerializer",
        "entries": "rest_api.serializers.EntrySerializer",
    }

    class Meta:
        model = Wallet
        fields = [
            "label",
            "balance",
            "currency",
            "sequence",
            "metadata",
            "created_at",
            "updated_at",
            "transactions",
            "entries",
        ]

    class JSONAPIMeta:
        resource_name = "Wallet"


class TransactionSerializer(serializers.ModelSerializer):
    """One named change of one wallet."""

    txid = CharField(max_length=MAX_TEXT_LENGTH, help_text="Unique, compared byte for byte.")
    amount = AmountField(help_text="Not zero. Positive: a credit; negative: a debit.")
    currency = CharField(read_only=True, help_text="The wallet's.")
    description = CharField(required=False, allow_blank=True, max_length=MAX_DESCRIPTION_LENGTH)
    metadata = JSONField(required=False, help_text="An object of your own.")
    created_at = TimeField(read_only=True)
    updated_at = TimeField(read_only=True)
    wallet = ResourceRelatedField(queryset=Wallet.objects.all())
    entries = ResourceRelatedField(many=True, read_only=True)

    included_serializers = {
        "wallet": "rest_api.serializers.WalletSerializer",
        "entries": "rest_api.serializers.EntrySerializer",
    }

    class Meta:
        model = Transaction
        fields = [
            "txid",
            "amount",
            "currency",
            "description",
            "metadata",
            "created_at",
            "updated_at",
            "wallet",
            "entries",
        ]

    class JSONAPIMeta:
        resource_name = "Transaction"


class EntrySerializer(serializers.ModelSerializer):
    """One immutable line of the ledger."""

    sequence = IntegerField(read_only=True)
    amount = AmountField(read_only=True)
    balance_after = AmountField(read_only=True)
    currency = CharField(read_only=True)
    kind = CharField(read_only=True)
    txid = CharField(read_only=True)
    principal = CharField(read_only=True)
    created_at = TimeField(read_only=True)
    wallet = ResourceRelatedField(read_only=True)
    transaction = ResourceRelatedField(read_only=True)

    included_serializers = {
        "wallet": "rest_api.serializers.WalletSerializer",
        "transaction": "rest_api.serializers.TransactionSerializer",
    }

    class Meta:
        model = Entry
        fields = [
            "sequence",
            "amount",
            "balance_after",
            "currency",
            "kind",
            "txid",
            "principal",
            "created_at",
            "wallet",
            "transaction",
        ]

    class JSONAPIMeta:
        resource_name = "Entry"
