"""The inputs of mutations. Values go to the domain as they came; a field that is left out stays unset there."""

from __future__ import annotations

import strawberry

from graphql_api.declared import ID, changes, creates
from walletsvc.schema.resources import TRANSACTION, WALLET


@creates(WALLET, "A wallet to open.")
class CreateWalletInput:
    pass


@changes(WALLET, "What to change of a wallet. Its balance is changed by transactions only.")
class UpdateWalletInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input(description="A wallet to delete; it has to be empty.")
class DeleteWalletInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(TRANSACTION, "A transaction to post.")
class CreateTransactionInput:
    pass


@changes(TRANSACTION, "What to change of a transaction. Another wallet moves it there.")
class UpdateTransactionInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input(description="A transaction to delete: its wallet gets the amount back.")
class DeleteTransactionInput:
    id: strawberry.ID = strawberry.field(description=ID)
