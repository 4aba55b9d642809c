"""The collections of the API: the URL of each resource, and the commands that write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from rest_framework_json_api import serializers

from rest_api.errors import camel_case
from rest_api.serializers import make_serializer
from walletsvc.commands.captures import CaptureHold
from walletsvc.commands.command import Acts, Command, Creates, Deletes, Updates
from walletsvc.commands.holds import CreateHold, ReleaseHold, UpdateHold
from walletsvc.commands.inputs import LocalId
from walletsvc.commands.reversals import ReverseTransaction, ReverseTransfer
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.transfers import ChangeTransfer, PostTransfer
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.errors import Forbidden
from walletsvc.principals import Principal
from walletsvc.schema.captures import CAPTURE, RELEASE
from walletsvc.schema.declarations import Field, Resource, ToOne, Write
from walletsvc.schema.resources import ENTRY, HOLD, RESOURCES, TRANSACTION, TRANSFER, WALLET
from walletsvc.schema.reversals import TRANSACTION_REVERSAL, TRANSFER_REVERSAL
from walletsvc.schema.types import Legs

T = TypeVar("T")

BASE = "/api/"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: its serializer field, whether clients can write it, and its place in a resource object.

    `references` are the members of the objects in its list that refer to resources, with the type of these.
    """

    field: str
    is_writable: bool
    pointer: str
    references: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Action:
    """A command on one resource, which a POST to a URL below that runs: /api/transactions/1/reversals/.

    `takes` is what a request can describe of a resource. The answer is a resource of that type: a new one, if the
    action `creates`.
    """

    name: str
    command: type[Acts]
    takes: Resource
    summary: str
    creates: bool = True

    @cached_property
    def endpoint(self) -> Endpoint:
        """Return the endpoint of the answer, which reads requests as far as the action takes them."""
        return replace(ENDPOINTS[self.takes.name], resource=self.takes)


def _by_name(*actions: Action) -> Mapping[str, Action]:
    return {each.name: each for each in actions}


@dataclass(frozen=True)
class Endpoint:
    """A collection and its members. A write that is None is not allowed at any URL.

    `actions` are the further commands on one member, by the last part of their URL.
    """

    resource: Resource
    path: str
    create: type[Creates] | None = None
    update: type[Updates] | None = None
    delete: type[Deletes] | None = None
    actions: Mapping[str, Action] = field(default_factory=dict)

    def parse_create(self, values: Mapping[str, Any], *, local_id: LocalId | None = None) -> Command[Any]:
        """Return the command that creates a resource from values by serializer field.

        The command reports the new id to `local_id`. Raises the refusals of the values.
        """
        return _allowed(self.create).parse(values, local_id=local_id)

    def parse_update(self, identifier: object, values: Mapping[str, Any]) -> Command[Any]:
        """Return the command that changes a resource. Raises `NotFound` for an impossible id."""
        return _allowed(self.update).parse(identifier, values)

    def parse_delete(self, identifier: object) -> Command[Any]:
        """Return the command that deletes a resource. Raises `NotFound` for an impossible id."""
        return _allowed(self.delete).parse(identifier)

    def known_to(self, principal: Principal) -> Endpoint:
        """Return the endpoint as a caller knows it: with fewer attributes, if it is bound to an owner."""
        return self if principal.owner is None else self._of_owner

    @cached_property
    def _of_owner(self) -> Endpoint:
        return replace(self, resource=self.resource.of_owner)

    @property
    def name(self) -> str:
        """Return the type of its resources."""
        return self.resource.name

    @cached_property
    def serializer(self) -> type[serializers.ModelSerializer]:
        """Return the serializer of its resources."""
        return make_serializer(self.resource)

    @property
    def url(self) -> str:
        """Return the path of the collection."""
        return f"{BASE}{self.path}/"

    def item_url(self, identifier: int | str) -> str:
        """Return the path of one resource."""
        return f"{BASE}{self.path}/{identifier}/"

    def related_url(self, identifier: int | str, relation: str) -> str:
        """Return the path of the related resources."""
        return f"{BASE}{self.path}/{identifier}/{relation}/"

    def relationship_url(self, identifier: int | str, relation: str) -> str:
        """Return the path of a relationship."""
        return f"{BASE}{self.path}/{identifier}/relationships/{relation}/"

    @cached_property
    def attributes(self) -> Mapping[str, Attribute]:
        """Return the attributes by public name."""
        relations = {*(each.key for each in self.resource.to_one.values()), *self.resource.to_many}
        fields = {name: each for name, each in self.serializer().fields.items() if name not in relations}
        public = {name: camel_case(name) for name in fields}
        shown = {
            public[name]: Attribute(name, not each.read_only, f"/attributes/{public[name]}")
            for name, each in fields.items()
        }
        inputs = (each for each in self.resource.inputs if isinstance(each, Field))
        return shown | {each.name: _attribute(each) for each in inputs}

    @cached_property
    def attribute_fields(self) -> frozenset[str]:
        """Return the serializer fields that are attributes."""
        return frozenset(each.field for each in self.attributes.values())

    @cached_property
    def writable_relations(self) -> frozenset[str]:
        """Return the to-one relations that a new resource can be given."""
        fields = self.serializer().fields
        return frozenset(name for name, each in self.resource.to_one.items() if not fields[each.key].read_only)

    @cached_property
    def required_relations(self) -> list[str]:
        """Return those that it must be given, in order."""
        return sorted(name for name in self.writable_relations if self.resource.to_one[name].required)

    @cached_property
    def changeable_relations(self) -> list[str]:
        """Return those that can be changed later, in order."""
        return sorted(name for name in self.writable_relations if self.resource.to_one[name].write is Write.ALWAYS)

    @cached_property
    def given_relations(self) -> Mapping[str, ToOne]:
        """Return the to-one relations that a resource object in a request can have."""
        inputs = {each.name: each for each in self.resource.inputs if isinstance(each, ToOne)}
        # In the declared order: that of a set depends on the process, and with it would the description.
        written = {name: each for name, each in self.resource.to_one.items() if name in self.writable_relations}
        return written | inputs


def _attribute(given: Field) -> Attribute:
    """Return the attribute for an input that is no field of the resource."""
    references = given.type.references if isinstance(given.type, Legs) else ()
    return Attribute(given.key, is_writable=True, pointer=f"/attributes/{given.name}", references=references)


def _allowed(write: T | None) -> T:
    if write is None:
        raise Forbidden("This cannot be written: it follows from the changes of wallets and transactions.")
    return write


ENDPOINTS: Mapping[str, Endpoint] = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint(WALLET, "wallets", OpenWallet, ChangeWallet, DeleteWallet),
        Endpoint(
            TRANSACTION,
            "transactions",
            PostTransaction,
            AmendTransaction,
            DeleteTransaction,
            actions=_by_name(
                Action("reversals", ReverseTransaction, TRANSACTION_REVERSAL, "Take back one Transaction, or a part")
            ),
        ),
        Endpoint(ENTRY, "entries"),
        Endpoint(
            TRANSFER,
            "transfers",
            PostTransfer,
            ChangeTransfer,
            actions=_by_name(
                Action("reversals", ReverseTransfer, TRANSFER_REVERSAL, "Take back one Transfer, or a part of it")
            ),
        ),
        Endpoint(
            HOLD,
            "holds",
            CreateHold,
            UpdateHold,
            actions=_by_name(
                Action("captures", CaptureHold, CAPTURE, "Capture a part of one Hold, or all of it"),
                Action("releases", ReleaseHold, RELEASE, "Release a part of one Hold, or all of it", creates=False),
            ),
        ),
    )
}
"""Every endpoint, by the type of its resources."""

assert ENDPOINTS.keys() == RESOURCES.keys()  # noqa: S101 - resources link to each other
