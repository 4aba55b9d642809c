"""The inputs of mutations. Values go to the domain as they came; a field that is left out stays unset there."""

from __future__ import annotations

import dataclasses
from typing import Any

import strawberry
from strawberry import UNSET

from graphql_api.scalars import JSON, Amount

_ID = "A global id or a databaseId."


@strawberry.input(description="A wallet to open.")
class CreateWalletInput:
    label: str = strawberry.field(description="Unique, up to 255 characters; compared byte for byte.")
    balance: Amount | None = strawberry.field(default=UNSET, description="What it opens with; nothing unless given.")
    currency: str | None = strawberry.field(
        default=UNSET, description="An ISO 4217 code or an asset's; the server's default unless given."
    )
    metadata: JSON | None = strawberry.field(default=UNSET, description="An object of your own.")


@strawberry.input(description="What to change of a wallet. Its balance is changed by transactions only.")
class UpdateWalletInput:
    id: strawberry.ID = strawberry.field(description=_ID)
    label: str | None = UNSET
    metadata: JSON | None = UNSET


@strawberry.input(description="A wallet to delete; it has to be empty.")
class DeleteWalletInput:
    id: strawberry.ID = strawberry.field(description=_ID)


@strawberry.input(description="A transaction to post.")
class CreateTransactionInput:
    txid: str = strawberry.field(description="Your own name for it: unique, up to 255 characters.")
    amount: Amount = strawberry.field(description="Positive to credit the wallet, negative to debit it.")
    wallet_id: strawberry.ID = strawberry.field(description=_ID)
    description: str | None = strawberry.field(default=UNSET, description="Up to 1,000 characters.")
    metadata: JSON | None = strawberry.field(default=UNSET, description="An object of your own.")


@strawberry.input(description="What to change of a transaction. Another wallet moves it there.")
class UpdateTransactionInput:
    id: strawberry.ID = strawberry.field(description=_ID)
    txid: str | None = UNSET
    amount: Amount | None = UNSET
    wallet_id: strawberry.ID | None = strawberry.field(default=UNSET, description=_ID)
    description: str | None = UNSET
    metadata: JSON | None = UNSET


@strawberry.input(description="A transaction to delete: its wallet gets the amount back.")
class DeleteTransactionInput:
    id: strawberry.ID = strawberry.field(description=_ID)


def given(data: Any) -> dict[str, Any]:
    """Return the fields of an input that the caller named, by their Python names."""
    values = {field.name: getattr(data, field.name) for field in dataclasses.fields(data)}
    return {name: value for name, value in values.items() if value is not UNSET}
