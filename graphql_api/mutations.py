"""The mutations: each checks the selection of its payload, makes one call into the domain, and shows the result."""

# ruff: noqa: A002 - arguments are named as in the schema
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import strawberry
from strawberry import UNSET

from graphql_api import types
from graphql_api.batches import CreateTransactionsPayload, create_transactions
from graphql_api.declared import given
from graphql_api.errors import PLACES, Place
from graphql_api.ids import database_id
from graphql_api.inputs import (
    CaptureHoldInput,
    CreateHoldInput,
    CreateTransactionInput,
    CreateTransferInput,
    CreateWalletInput,
    DeleteTransactionInput,
    DeleteWalletInput,
    ReleaseHoldInput,
    ReverseTransactionInput,
    ReverseTransferInput,
    TransactionRowInput,
    UpdateHoldInput,
    UpdateTransactionInput,
    UpdateTransferInput,
    UpdateWalletInput,
)
from graphql_api.types import Info
from graphql_api.user_errors import UserError, user_errors_of
from graphql_api.variables import MAX_ROWS
from walletsvc import errors
from walletsvc.commands.captures import CaptureHold
from walletsvc.commands.command import Command
from walletsvc.commands.execute import execute_once
from walletsvc.commands.holds import CreateHold, ReleaseHold, UpdateHold
from walletsvc.commands.keyed import KEY_FIELD, parse_key
from walletsvc.commands.reversals import ReverseTransaction, ReverseTransfer
from walletsvc.commands.transactions import AmendTransaction, DeleteTransaction, PostTransaction
from walletsvc.commands.transfers import ChangeTransfer, PostTransfer
from walletsvc.commands.wallets import ChangeWallet, DeleteWallet, OpenWallet
from walletsvc.queries.permission import check_related
from walletsvc.queries.written import WrittenRecord
from walletsvc.schema.captures import CAPTURE, RELEASE
from walletsvc.schema.declarations import Resource
from walletsvc.schema.resources import HOLD, RESOURCES, TRANSACTION, TRANSFER, WALLET
from walletsvc.schema.reversals import TRANSACTION_REVERSAL, TRANSFER_REVERSAL

_IS_REPLAY = "Whether an earlier request with the same idempotency key was answered with this."

P = TypeVar("P")
Parse = Callable[..., Command[Any]]


@strawberry.type
class _WalletPayload:
    wallet: types.Wallet | None = strawberry.field(
        description="As written, with its related objects in their current state; null if refused."
    )
    user_errors: list[UserError]


@strawberry.type
class _TransactionPayload:
    transaction: types.Transaction | None = strawberry.field(
        description="As written, with its related objects in their current state; null if refused."
    )
    user_errors: list[UserError]


@strawberry.type
class _TransferPayload:
    transfer: types.Transfer | None = strawberry.field(
        description="As written, with its related objects in their current state; null if refused."
    )
    user_errors: list[UserError]


@strawberry.type
class _HoldPayload:
    hold: types.Hold | None = strawberry.field(
        description="As written, with its related objects in their current state; null if refused."
    )
    user_errors: list[UserError]


@strawberry.type
class CreateWalletPayload(_WalletPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class UpdateWalletPayload(_WalletPayload):
    pass


@strawberry.type
class DeleteWalletPayload(_WalletPayload):
    wallet: types.Wallet | None = strawberry.field(
        description="As it was, with its related objects in their current state; null if refused."
    )


@strawberry.type
class CreateTransactionPayload(_TransactionPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class UpdateTransactionPayload(_TransactionPayload):
    pass


@strawberry.type
class ReverseTransactionPayload(_TransactionPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class DeleteTransactionPayload(_TransactionPayload):
    transaction: types.Transaction | None = strawberry.field(
        description="As it was, with its related objects in their current state; null if refused."
    )


@strawberry.type
class CreateTransferPayload(_TransferPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class UpdateTransferPayload(_TransferPayload):
    pass


@strawberry.type
class CreateHoldPayload(_HoldPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class UpdateHoldPayload(_HoldPayload):
    pass


@strawberry.type
class CaptureHoldPayload(_TransactionPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class ReleaseHoldPayload(_HoldPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


@strawberry.type
class ReverseTransferPayload(_TransferPayload):
    is_replay: bool = strawberry.field(description=_IS_REPLAY, default=False)


def _create(info: Info, payload: Callable[..., P], resource: Resource, parse: Parse, data: Any) -> P:
    """Run the command that `parse` returns for the input of a new resource, once for its key."""
    fields = given(resource, data)
    key = fields.pop(KEY_FIELD, None)
    return _execute(info, payload, resource.name, parse, fields, key=key)


def _act(info: Info, payload: Callable[..., P], resource: Resource, parse: Parse, target: str, data: Any) -> P:
    """Run the command that `parse` returns for the input of an action on one `target`, once for its key."""
    fields = given(resource, data)
    key = fields.pop(KEY_FIELD, None)
    identifier = database_id(fields.pop("id"), target)
    return _execute(info, payload, resource.name, parse, identifier, fields, key=key)


def _execute(
    info: Info, payload: Callable[..., P], resource: str, parse: Parse, *sent: Any, key: str | None = None
) -> P:
    """Run the command that `parse` returns for the input `sent`, and return its payload, even for a refusal."""
    principal = info.context.principal
    # The payloads of all mutations in the document are checked before the first one runs.
    selection = info.context.payload(info._raw_info)
    try:
        check_related(principal, RESOURCES[resource], selection)
        key = None if key is None else parse_key(key)
        done = execute_once(parse(*sent), by=principal, key=key)
    except errors.WalletError as error:
        return _refuse(payload, resource, error)
    record = WrittenRecord(done.results[0], resource, selection, principal=principal)
    record.read_related(selection, principal=principal)
    replay = {"is_replay": True} if done.is_replay else {}
    return payload(**{resource.lower(): record}, user_errors=[], **replay)


def _refuse(payload: Callable[..., P], resource: str, error: errors.WalletError) -> P:
    """Return the payload of a refusal. Raises it again if it belongs beside the data."""
    if PLACES[type(error)] is Place.ERRORS:
        raise error
    return payload(**{resource.lower(): None}, user_errors=user_errors_of(error, RESOURCES[resource]))


@strawberry.type
class Mutation:
    """All changes. A payload shows the written object, and reads its related objects."""

    @strawberry.mutation(description="Open a wallet.")
    def create_wallet(self, info: Info, input: CreateWalletInput) -> CreateWalletPayload | None:
        return _create(info, CreateWalletPayload, WALLET, OpenWallet.parse, input)

    @strawberry.mutation(description="Rename a wallet, or change its texts.")
    def update_wallet(self, info: Info, input: UpdateWalletInput) -> UpdateWalletPayload | None:
        fields = given(WALLET, input)
        identifier = database_id(fields.pop("id"), "Wallet")
        return _execute(info, UpdateWalletPayload, "Wallet", ChangeWallet.parse, identifier, fields)

    @strawberry.mutation(description="Close an empty wallet and delete its transactions; its entries stay.")
    def delete_wallet(self, info: Info, input: DeleteWalletInput) -> DeleteWalletPayload | None:
        identifier = database_id(input.id, "Wallet")
        return _execute(info, DeleteWalletPayload, "Wallet", DeleteWallet.parse, identifier)

    @strawberry.mutation(description="Post a transaction.")
    def create_transaction(self, info: Info, input: CreateTransactionInput) -> CreateTransactionPayload | None:
        return _create(info, CreateTransactionPayload, TRANSACTION, PostTransaction.parse, input)

    @strawberry.mutation(description=f"Post up to {MAX_ROWS:,} transactions, in order, all or nothing.")
    def create_transactions(
        self, info: Info, input: list[TransactionRowInput], idempotency_key: str | None = UNSET
    ) -> CreateTransactionsPayload | None:
        return create_transactions(info, input, idempotency_key)

    @strawberry.mutation(description="Amend a transaction, move it to another wallet, or change its texts.")
    def update_transaction(self, info: Info, input: UpdateTransactionInput) -> UpdateTransactionPayload | None:
        fields = given(TRANSACTION, input)
        identifier = database_id(fields.pop("id"), "Transaction")
        return _execute(info, UpdateTransactionPayload, "Transaction", AmendTransaction.parse, identifier, fields)

    @strawberry.mutation(description="Take back a transaction, or a part of it, by one of the opposite sign.")
    def reverse_transaction(self, info: Info, input: ReverseTransactionInput) -> ReverseTransactionPayload | None:
        return _act(
            info, ReverseTransactionPayload, TRANSACTION_REVERSAL, ReverseTransaction.parse, "Transaction", input
        )

    @strawberry.mutation(description="Delete a transaction and return its amount to the wallet.")
    def delete_transaction(self, info: Info, input: DeleteTransactionInput) -> DeleteTransactionPayload | None:
        identifier = database_id(input.id, "Transaction")
        return _execute(info, DeleteTransactionPayload, "Transaction", DeleteTransaction.parse, identifier)

    @strawberry.mutation(description="Move money between wallets, and across the border, all or nothing.")
    def create_transfer(self, info: Info, input: CreateTransferInput) -> CreateTransferPayload | None:
        return _create(info, CreateTransferPayload, TRANSFER, PostTransfer.parse, input)

    @strawberry.mutation(description="Change the texts of a transfer.")
    def update_transfer(self, info: Info, input: UpdateTransferInput) -> UpdateTransferPayload | None:
        fields = given(TRANSFER, input)
        identifier = database_id(fields.pop("id"), "Transfer")
        return _execute(info, UpdateTransferPayload, "Transfer", ChangeTransfer.parse, identifier, fields)

    @strawberry.mutation(description="Set money of a wallet aside for later captures.")
    def create_hold(self, info: Info, input: CreateHoldInput) -> CreateHoldPayload | None:
        return _create(info, CreateHoldPayload, HOLD, CreateHold.parse, input)

    @strawberry.mutation(description="Change the amount of an open hold, its end, or its texts.")
    def update_hold(self, info: Info, input: UpdateHoldInput) -> UpdateHoldPayload | None:
        fields = given(HOLD, input)
        identifier = database_id(fields.pop("id"), "Hold")
        return _execute(info, UpdateHoldPayload, "Hold", UpdateHold.parse, identifier, fields)

    @strawberry.mutation(description="Capture what a hold has set aside, or a part of it.")
    def capture_hold(self, info: Info, input: CaptureHoldInput) -> CaptureHoldPayload | None:
        return _act(info, CaptureHoldPayload, CAPTURE, CaptureHold.parse, "Hold", input)

    @strawberry.mutation(description="Release what a hold has set aside, or a part of it.")
    def release_hold(self, info: Info, input: ReleaseHoldInput) -> ReleaseHoldPayload | None:
        return _act(info, ReleaseHoldPayload, RELEASE, ReleaseHold.parse, "Hold", input)

    @strawberry.mutation(description="Take back a transfer, or a part of it, by another that reverses its legs.")
    def reverse_transfer(self, info: Info, input: ReverseTransferInput) -> ReverseTransferPayload | None:
        return _act(info, ReverseTransferPayload, TRANSFER_REVERSAL, ReverseTransfer.parse, "Transfer", input)
