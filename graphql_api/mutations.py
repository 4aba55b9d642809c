"""The mutations: each makes one call of the domain and reads back, after COMMIT, what its payload selects."""

# ruff: noqa: A002 - arguments are named as in the schema
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import strawberry

from graphql_api import types
from graphql_api.errors import PLACES, Place, camel_case
from graphql_api.ids import database_id
from graphql_api.inputs import (
    CreateTransactionInput,
    CreateWalletInput,
    DeleteTransactionInput,
    DeleteWalletInput,
    UpdateTransactionInput,
    UpdateWalletInput,
    given,
)
from graphql_api.types import Info
from walletsvc import errors
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import Principal
from walletsvc.reading.questions import Selection
from walletsvc.reading.records import Record
from walletsvc.selectors.records import add_related, get_record
from walletsvc.services.inputs import parse_id
from walletsvc.services.transactions import create_transaction, delete_transaction, update_transaction
from walletsvc.services.wallets import create_wallet, delete_wallet, update_wallet

P = TypeVar("P")
Write = Callable[[Principal], Wallet | Transaction]


@strawberry.type(description="One thing that was wrong. Nothing has changed.")
class UserError:
    code: str = strawberry.field(description="A stable name such as insufficient_funds.")
    message: str = strawberry.field(description="For people.")
    field: str | None = strawberry.field(description="The field of the input that is to blame, if one is.")


@strawberry.type
class _WalletPayload:
    wallet: types.Wallet | None = strawberry.field(description="As it is now; null if it was refused.")
    user_errors: list[UserError]


@strawberry.type
class _TransactionPayload:
    transaction: types.Transaction | None = strawberry.field(description="As it is now; null if it was refused.")
    user_errors: list[UserError]


@strawberry.type
class CreateWalletPayload(_WalletPayload):
    pass


@strawberry.type
class UpdateWalletPayload(_WalletPayload):
    pass


@strawberry.type
class DeleteWalletPayload(_WalletPayload):
    wallet: types.Wallet | None = strawberry.field(description="As it was; null if it was refused.")


@strawberry.type
class CreateTransactionPayload(_TransactionPayload):
    pass


@strawberry.type
class UpdateTransactionPayload(_TransactionPayload):
    pass


@strawberry.type
class DeleteTransactionPayload(_TransactionPayload):
    transaction: types.Transaction | None = strawberry.field(
        description="As it was, its wallet as it is now; null if it was refused."
    )


def _selection(info: Info, resource: str) -> Selection:
    """Return what the payload selects of its object."""
    raw = info._raw_info
    planner = raw.context.planner(raw)
    payload = f"{raw.field_name[0].upper()}{raw.field_name[1:]}Payload"
    selection: Selection = planner.select(resource, planner.children(raw.field_nodes, payload, resource.lower()))
    return selection


def _write(info: Info, payload: Callable[..., P], resource: str, write: Write) -> P:
    principal = info.context.principal
    try:
        written = write(principal)
    except errors.WalletError as error:
        return _refuse(payload, resource, error)
    record = get_record(principal=principal, resource=resource, selection=_selection(info, resource), id=written.id)
    return payload(**{resource.lower(): record}, user_errors=[])


def _delete(
    info: Info, payload: Callable[..., P], resource: str, identifier: object, delete: Callable[..., None]
) -> P:
    principal, selection = info.context.principal, _selection(info, resource)
    try:
        parsed = parse_id(database_id(identifier, resource), what=resource)
        record: Record | None = get_record(
            principal=principal,
            resource=resource,
            selection=replace(selection, to_one=(), to_many=()),
            id=parsed,
        )
        delete(principal, parsed)
    except errors.WalletError as error:
        return _refuse(payload, resource, error)
    if record is not None:
        # What it was related to has changed with it: its wallet has a new balance.
        add_related([record], selection, principal=principal)
    return payload(**{resource.lower(): record}, user_errors=[])


def _refuse(payload: Callable[..., P], resource: str, error: errors.WalletError) -> P:
    """Return the payload of a refusal. Raises it again if its place is beside the data."""
    if PLACES[type(error)] is Place.ERRORS:
        raise error
    user_errors = [UserError(code=each.code, message=each.message, field=_field(each)) for each in error.each()]
    return payload(**{resource.lower(): None}, user_errors=user_errors)


def _field(error: errors.WalletError) -> str | None:
    """Return the field of the input that the domain calls `wallet`, or leaves out when it is the object's own id."""
    if error.field is None:
        return "id" if isinstance(error, errors.NotFound) else None
    return {"wallet": "walletId"}.get(error.field) or camel_case(error.field)


def _transaction_fields(data: CreateTransactionInput | UpdateTransactionInput) -> dict[str, Any]:
    fields = given(data)
    if "wallet_id" in fields:
        fields["wallet_id"] = database_id(fields["wallet_id"], "Wallet")
    return fields


@strawberry.type
class Mutation:
    """Everything that can be changed. A payload's fields are read after COMMIT."""

    @strawberry.mutation(description="Open a wallet.")
    def create_wallet(self, info: Info, input: CreateWalletInput) -> CreateWalletPayload | None:
        return _write(
            info,
            CreateWalletPayload,
            "Wallet",
            lambda principal: create_wallet(principal=principal, **given(input)),
        )

    @strawberry.mutation(description="Change a wallet's texts.")
    def update_wallet(self, info: Info, input: UpdateWalletInput) -> UpdateWalletPayload | None:
        fields = given(input)
        identifier = database_id(fields.pop("id"), "Wallet")
        return _write(
            info,
            UpdateWalletPayload,
            "Wallet",
            lambda principal: update_wallet(principal=principal, wallet_id=identifier, **fields),
        )

    @strawberry.mutation(description="Delete an empty wallet with its transactions; its entries stay.")
    def delete_wallet(self, info: Info, input: DeleteWalletInput) -> DeleteWalletPayload | None:
        return _delete(
            info,
            DeleteWalletPayload,
            "Wallet",
            input.id,
            lambda principal, wallet_id: delete_wallet(principal=principal, wallet_id=wallet_id),
        )

    @strawberry.mutation(description="Post a transaction.")
    def create_transaction(self, info: Info, input: CreateTransactionInput) -> CreateTransactionPayload | None:
        return _write(
            info,
            CreateTransactionPayload,
            "Transaction",
            lambda principal: create_transaction(principal=principal, **_transaction_fields(input)),
        )

    @strawberry.mutation(description="Amend a transaction, move it to another wallet, or change its texts.")
    def update_transaction(self, info: Info, input: UpdateTransactionInput) -> UpdateTransactionPayload | None:
        fields = _transaction_fields(input)
        identifier = database_id(fields.pop("id"), "Transaction")
        return _write(
            info,
            UpdateTransactionPayload,
            "Transaction",
            lambda principal: update_transaction(principal=principal, transaction_id=identifier, **fields),
        )

    @strawberry.mutation(description="Delete a transaction and give its amount back to the wallet.")
    def delete_transaction(self, info: Info, input: DeleteTransactionInput) -> DeleteTransactionPayload | None:
        return _delete(
            info,
            DeleteTransactionPayload,
            "Transaction",
            input.id,
            lambda principal, transaction_id: delete_transaction(principal=principal, transaction_id=transaction_id),
        )
