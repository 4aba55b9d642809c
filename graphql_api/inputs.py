"""The inputs of mutations. Values reach the domain unchanged; an omitted field stays unset there."""

from __future__ import annotations

import strawberry

from graphql_api.declared import ID, changes, creates
from walletsvc.schema.captures import CAPTURE, RELEASE
from walletsvc.schema.resources import HOLD, TRANSACTION, TRANSFER, WALLET
from walletsvc.schema.reversals import TRANSACTION_REVERSAL, TRANSFER_REVERSAL


@creates(WALLET, "A wallet to open.")
class CreateWalletInput:
    pass


@changes(WALLET, "Changes of a wallet. Only transactions change its balance.")
class UpdateWalletInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input(description="A wallet to close; it must be empty.")
class DeleteWalletInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(TRANSACTION, "A transaction to post.")
class CreateTransactionInput:
    pass


@creates(TRANSACTION, "One of several transactions to post.", has_key=False)
class TransactionRowInput:
    pass


@changes(TRANSACTION, "Changes of a transaction. Another wallet moves it there.")
class UpdateTransactionInput:
    id: strawberry.ID = strawberry.field(description=ID)


@strawberry.input(description="A transaction to delete: its wallet gets the amount back.")
class DeleteTransactionInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(TRANSACTION_REVERSAL, "A transaction to take back, in whole or in part.")
class ReverseTransactionInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(TRANSFER, "A transfer to post: either source, destination and amount or upTo, or else legs.")
class CreateTransferInput:
    pass


@changes(TRANSFER, "Changes of a transfer's texts. All else of it is fixed.")
class UpdateTransferInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(HOLD, "Money to set aside for later captures.")
class CreateHoldInput:
    pass


@changes(HOLD, "Changes of an open hold: of its amount, its end or its texts.")
class UpdateHoldInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(CAPTURE, "A capture of what a hold has set aside: a part of it, or all.")
class CaptureHoldInput:
    id: strawberry.ID = strawberry.field(description=f"The hold. {ID}")


@creates(RELEASE, "A release of what a hold has set aside: a part of it, or all.")
class ReleaseHoldInput:
    id: strawberry.ID = strawberry.field(description=ID)


@creates(TRANSFER_REVERSAL, "A transfer to take back: in whole, or in part if one amount is all that it moved.")
class ReverseTransferInput:
    id: strawberry.ID = strawberry.field(description=ID)
