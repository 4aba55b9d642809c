"""JSON:API by the viewsets and serializers of djangorestframework-jsonapi."""

from typing import Any

from django.db import transaction
from rest_framework.exceptions import ValidationError
from rest_framework_json_api import serializers, views

from benchmarks.peers.stock.models import Transaction, Wallet


class WalletSerializer(serializers.ModelSerializer):
    class Meta:
        model = Wallet
        fields = ["label", "balance", "currency", "metadata", "created_at", "updated_at"]
        read_only_fields = ["balance"]


class TransactionSerializer(serializers.ModelSerializer):
    class Meta:
        model = Transaction
        fields = ["txid", "amount", "currency", "description", "metadata", "created_at", "updated_at", "wallet"]
        read_only_fields = ["currency"]


class WalletViewSet(views.ModelViewSet):
    queryset = Wallet._default_manager.all()
    serializer_class = WalletSerializer


class TransactionViewSet(views.ModelViewSet):
    queryset = Transaction._default_manager.all()
    serializer_class = TransactionSerializer
    http_method_names = ["get", "post", "head", "options"]

    def perform_create(self, serializer: Any) -> None:
        """Add the transaction to its wallet, under the wallet's lock."""
        with transaction.atomic():
            wallet = Wallet._default_manager.select_for_update().get(pk=serializer.validated_data["wallet"].pk)
            wallet.balance += serializer.validated_data["amount"]
            if wallet.balance < 0:
                raise ValidationError({"amount": "The balance does not cover it."})
            wallet.save(update_fields=["balance", "updated_at"])
            serializer.save(wallet=wallet, currency=wallet.currency)
