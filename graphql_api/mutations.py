"""The mutations: each makes one call of the domain, once what its payload selects has been checked, and shows what
that returns."""

# ruff: noqa: A002 - arguments are named as in the schema
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry

from graphql_api import types
from graphql_api.declared import given
from graphql_api.errors import PLACES, Place, camel_case
from graphql_api.ids import database_id
from graphql_api.inputs import (
    CreateTransactionInput,
    CreateWalletInput,
    DeleteTransactionInput,
    DeleteWalletInput,
    UpdateTransactionInput,
    UpdateWalletInput,
)
from graphql_api.types import Info
from walletsvc import errors
from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.wallets import CloseWallet, OpenWallet, RenameWallet
from walletsvc.queries.written import WrittenRecord
from walletsvc.schema.resources import RESOURCES, TRANSACTION, WALLET

_RELATIONS = {name for resource in RESOURCES.values() for name in resource.to_one}

P = TypeVar("P")
Parse = Callable[..., Command[Any]]


@strawberry.type(description="One thing that was wrong. Nothing has changed.")
class UserError:
    code: str = strawberry.field(description="A stable name such as insufficient_funds.")
    message: str = strawberry.field(description="For people.")
    field: str | None = strawberry.field(description="The field of the input that is to blame, if one is.")


@strawberry.type
class _WalletPayload:
    wallet: types.Wallet | None = strawberry.field(
        description="As it was written, what it is related to as it is now; null if it was refused."
    )
    user_errors: list[UserError]


@strawberry.type
class _TransactionPayload:
    transaction: types.Transaction | None = strawberry.field(
        description="As it was written, what it is related to as it is now; null if it was refused."
    )
    user_errors: list[UserError]


@strawberry.type
class CreateWalletPayload(_WalletPayload):
    pass


@strawberry.type
class UpdateWalletPayload(_WalletPayload):
    pass


@strawberry.type
class DeleteWalletPayload(_WalletPayload):
    wallet: types.Wallet | None = strawberry.field(
        description="As it was, what it is related to as it is now; null if it was refused."
    )


@strawberry.type
class CreateTransactionPayload(_TransactionPayload):
    pass


@strawberry.type
class UpdateTransactionPayload(_TransactionPayload):
    pass


@strawberry.type
class DeleteTransactionPayload(_TransactionPayload):
    transaction: types.Transaction | None = strawberry.field(
        description="As it was, what it is related to as it is now; null if it was refused."
    )


def _execute(info: Info, payload: Callable[..., P], resource: str, parse: Parse, *sent: Any) -> P:
    """Run the command that `parse` returns for what was `sent`, and return its payload, also if it is refused."""
    raw, principal = info._raw_info, info.context.principal
    # What it shows is checked before it runs, and so is what all others of the document show.
    selection = raw.context.planner(raw).payload(raw.path.key)
    try:
        written = execute(parse(*sent), by=principal)
    except errors.WalletError as error:
        return _refuse(payload, resource, error)
    record = WrittenRecord(written, resource, selection)
    record.read_related(selection, principal=principal)
    return payload(**{resource.lower(): record}, user_errors=[])


def _refuse(payload: Callable[..., P], resource: str, error: errors.WalletError) -> P:
    """Return the payload of a refusal. Raises it again if its place is beside the data."""
    if PLACES[type(error)] is Place.ERRORS:
        raise error
    user_errors = [UserError(code=each.code, message=each.message, field=_field(each)) for each in error.each()]
    return payload(**{resource.lower(): None}, user_errors=user_errors)


def _field(error: errors.WalletError) -> str | None:
    """Return the field of the input that the domain calls by the name of a relation, or leaves out when it is the
    object's own id."""
    if error.field is None:
        return "id" if isinstance(error, errors.NotFound) else None
    return f"{error.field}Id" if error.field in _RELATIONS else camel_case(error.field)


@strawberry.type
class Mutation:
    """Everything that can be changed. A payload shows what was written, and reads what that is related to."""

    @strawberry.mutation(description="Open a wallet.")
    def create_wallet(self, info: Info, input: CreateWalletInput) -> CreateWalletPayload | None:
        return _execute(info, CreateWalletPayload, "Wallet", OpenWallet.parse, given(WALLET, input))

    @strawberry.mutation(description="Change a wallet's texts.")
    def update_wallet(self, info: Info, input: UpdateWalletInput) -> UpdateWalletPayload | None:
        fields = given(WALLET, input)
        identifier = database_id(fields.pop("id"), "Wallet")
        return _execute(info, UpdateWalletPayload, "Wallet", RenameWallet.parse, identifier, fields)

    @strawberry.mutation(description="Delete an empty wallet with its transactions; its entries stay.")
    def delete_wallet(self, info: Info, input: DeleteWalletInput) -> DeleteWalletPayload | None:
        identifier = database_id(input.id, "Wallet")
        return _execute(info, DeleteWalletPayload, "Wallet", CloseWallet.parse, identifier)

    @strawberry.mutation(description="Post a transaction.")
    def create_transaction(self, info: Info, input: CreateTransactionInput) -> CreateTransactionPayload | None:
        fields = given(TRANSACTION, input)
        return _execute(info, CreateTransactionPayload, "Transaction", PostTransaction.parse, fields)

    @strawberry.mutation(description="Amend a transaction, move it to another wallet, or change its texts.")
    def update_transaction(self, info: Info, input: UpdateTransactionInput) -> UpdateTransactionPayload | None:
        fields = given(TRANSACTION, input)
        identifier = database_id(fields.pop("id"), "Transaction")
        return _execute(info, UpdateTransactionPayload, "Transaction", AmendTransaction.parse, identifier, fields)

    @strawberry.mutation(description="Delete a transaction and give its amount back to the wallet.")
    def delete_transaction(self, info: Info, input: DeleteTransactionInput) -> DeleteTransactionPayload | None:
        identifier = database_id(input.id, "Transaction")
        return _execute(info, DeleteTransactionPayload, "Transaction", DeleteTransaction.parse, identifier)
