"""The collections of the API: where each resource is, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from rest_framework_json_api import serializers

from rest_api.errors import camel_case
from rest_api.serializers import EntrySerializer, TransactionSerializer, WalletSerializer
from walletsvc.errors import Forbidden
from walletsvc.principals import Principal
from walletsvc.reading.resources import ENTRY, RESOURCES, TRANSACTION, WALLET, Resource
from walletsvc.services.inputs import LocalId
from walletsvc.services.steps import Step
from walletsvc.services.transactions import (
    prepare_create_transaction,
    prepare_delete_transaction,
    prepare_update_transaction,
)
from walletsvc.services.wallets import prepare_create_wallet, prepare_delete_wallet, prepare_update_wallet

T = TypeVar("T")

BASE = "/api/"


@dataclass(frozen=True, slots=True)
class Attribute:
    """The serializer's field behind an attribute, whether clients write it, and where it is in a resource object."""

    field: str
    is_writable: bool
    pointer: str


@dataclass(frozen=True)
class Endpoint:
    """A collection and its members. A write that is None is not allowed by any URL."""

    resource: Resource
    path: str
    serializer: type[serializers.ModelSerializer]
    create: Callable[[Principal, Mapping[str, Any], LocalId | None], Step[Any]] | None = None
    update: Callable[[Principal, object, Mapping[str, Any]], Step[Any]] | None = None
    delete: Callable[[Principal, object], Step[Any]] | None = None

    def prepare_create(
        self, principal: Principal, values: Mapping[str, Any], *, local_id: LocalId | None = None
    ) -> Step[Any]:
        """Return the step that creates a resource of what was sent, by the names of the serializer's fields.

        The step tells `local_id` the id. Raises what is wrong with the values.
        """
        return _allowed(self.create)(principal, values, local_id)

    def prepare_update(self, principal: Principal, identifier: object, values: Mapping[str, Any]) -> Step[Any]:
        """Return the step that changes a resource. Raises what is wrong with `values`."""
        return _allowed(self.update)(principal, identifier, values)

    def prepare_delete(self, principal: Principal, identifier: object) -> Step[Any]:
        """Return the step that deletes a resource."""
        return _allowed(self.delete)(principal, identifier)

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
    def attributes(self) -> Mapping[str, Attribute]:
        """Return the attributes by public name."""
        relations = {*self.resource.to_one, *self.resource.to_many}
        fields = {name: each for name, each in self.serializer().fields.items() if name not in relations}
        public = {name: camel_case(name) for name in fields}
        return {
            public[name]: Attribute(name, not each.read_only, f"/attributes/{public[name]}")
            for name, each in fields.items()
        }

    @cached_property
    def attribute_fields(self) -> frozenset[str]:
        """Return the names of the serializer's fields that are attributes."""
        return frozenset(each.field for each in self.attributes.values())

    @cached_property
    def writable_relations(self) -> frozenset[str]:
        """Return the names of the to-one relations that can be written."""
        fields = self.serializer().fields
        return frozenset(name for name in self.resource.to_one if not fields[name].read_only)


def _allowed(write: T | None) -> T:
    if write is None:
        raise Forbidden("Nobody writes this: it is made by what happens to wallets and transactions.")
    return write


def _create_wallet(principal: Principal, values: Mapping[str, Any], local_id: LocalId | None) -> Step[Any]:
    return prepare_create_wallet(principal=principal, local_id=local_id, **values)


def _update_wallet(principal: Principal, identifier: object, values: Mapping[str, Any]) -> Step[Any]:
    return prepare_update_wallet(principal=principal, wallet_id=identifier, **values)


def _delete_wallet(principal: Principal, identifier: object) -> Step[Any]:
    return prepare_delete_wallet(wallet_id=identifier)


def _create_transaction(principal: Principal, values: Mapping[str, Any], local_id: LocalId | None) -> Step[Any]:
    return prepare_create_transaction(principal=principal, local_id=local_id, **_transaction_arguments(values))


def _update_transaction(principal: Principal, identifier: object, values: Mapping[str, Any]) -> Step[Any]:
    arguments = _transaction_arguments(values)
    return prepare_update_transaction(principal=principal, transaction_id=identifier, **arguments)


def _delete_transaction(principal: Principal, identifier: object) -> Step[Any]:
    return prepare_delete_transaction(transaction_id=identifier)


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
