"""The collections of the API: where each resource is, and the services that write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rest_framework_json_api import serializers

from rest_api.errors import camel_case
from rest_api.serializers import EntrySerializer, TransactionSerializer, WalletSerializer
from walletsvc.principals import Principal
from walletsvc.reading.resources import ENTRY, RESOURCES, TRANSACTION, WALLET, Resource
from walletsvc.services.transactions import create_transaction, delete_transaction, update_transaction
from walletsvc.services.wallets import create_wallet, delete_wallet, update_wallet

BASE = "/api/"


@dataclass(frozen=True)
class Endpoint:
    """A collection and its members. A write that is None is not allowed.

    `create(principal, values)`, `update(principal, id, values)` and `delete(principal, id)` call the service;
    `values` holds what the caller sent, by the names of the serializer's fields.
    """

    resource: Resource
    path: str
    serializer: type[serializers.ModelSerializer]
    create: Callable[[Principal, Mapping[str, Any]], Any] | None = None
    update: Callable[[Principal, str, Mapping[str, Any]], Any] | None = None
    delete: Callable[[Principal, str], None] | None = None

    @property
    def name(self) -> str:
        """Return the type of its resources."""
        return self.resource.name

    @property
    def url(self) -> str:
        """Return the path of the collection."""
        return f"{BASE}{self.path}/"

    def item_url(self, identifier: int | str) -> str:
        """Return the path of one resource."""
        return f"{BASE}{self.path}/{identifier}/"

    def related_url(self, identifier: int | str, relation: str) -> str:
        """Return the path of what is related to one resource."""
        return f"{BASE}{self.path}/{identifier}/{relation}/"

    def relationship_url(self, identifier: int | str, relation: str) -> str:
        """Return the path of a relationship itself."""
        return f"{BASE}{self.path}/{identifier}/relationships/{relation}/"

    @cached_property
    def attributes(self) -> Mapping[str, tuple[str, bool]]:
        """Return the name of the serializer's field, and whether it can be written, by public name."""
        relations = {*self.resource.to_one, *self.resource.to_many}
        return {
            camel_case(name): (name, not each.read_only)
            for name, each in self.serializer().fields.items()
            if name not in relations
        }

    @cached_property
    def writable_relations(self) -> frozenset[str]:
        """Return the names of the to-one relations that can be written."""
        fields = self.serializer().fields
        return frozenset(name for name in self.resource.to_one if not fields[name].read_only)


def _create_wallet(principal: Principal, values: Mapping[str, Any]) -> Any:
    return create_wallet(principal=principal, **values)


def _update_wallet(principal: Principal, identifier: str, values: Mapping[str, Any]) -> Any:
    return update_wallet(principal=principal, wallet_id=identifier, **values)


def _delete_wallet(principal: Principal, identifier: str) -> None:
    delete_wallet(principal=principal, wallet_id=identifier)


def _create_transaction(principal: Principal, values: Mapping[str, Any]) -> Any:
    return create_transaction(principal=principal, **_transaction_arguments(values))


def _update_transaction(principal: Principal, identifier: str, values: Mapping[str, Any]) -> Any:
    return update_transaction(principal=principal, transaction_id=identifier, **_transaction_arguments(values))


def _delete_transaction(principal: Principal, identifier: str) -> None:
    delete_transaction(principal=principal, transaction_id=identifier)


def _transaction_arguments(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"wallet_id" if name == "wallet" else name: value for name, value in values.items()}


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint(WALLET, "wallets", WalletSerializer, _create_wallet, _update_wallet, _delete_wallet),
        Endpoint(
            TRANSACTION,
            "transactions",
            TransactionSerializer,
            _create_transaction,
            _update_transaction,
            _delete_transaction,
        ),
        Endpoint(ENTRY, "entries", EntrySerializer),
    )
}
"""Every endpoint, by the type of its resources."""

assert ENDPOINTS.keys() == RESOURCES.keys()  # noqa: S101 - links lead from each resource to each other
