"""The problems of a mutation's input, as its payload shows them."""

from __future__ import annotations

import strawberry

from graphql_api.errors import camel_case
from walletsvc import errors
from walletsvc.schema.declarations import Resource
from walletsvc.telemetry.requests import note_refusal


@strawberry.type(description="One problem with the input. Nothing has changed.")
class UserError:
    code: str = strawberry.field(description="A stable name such as insufficient_funds.")
    message: str = strawberry.field(description="For people.")
    field: str | None = strawberry.field(description="The input field at fault, if there is one.")
    is_same: bool | None = strawberry.field(
        description="For duplicate_txid: whether the same request created the object that has the txid."
    )


def user_errors_of(error: errors.WalletError, resource: Resource, *, place: int | None = None) -> list[UserError]:
    """Return the problems in a refusal of an input of a `resource`.

    `place` is that of the input in a list, which their fields begin with.
    """
    note_refusal(error.code)
    return [_user_error(each, resource, place) for each in error.each()]


def _user_error(error: errors.WalletError, resource: Resource, place: int | None) -> UserError:
    is_same = error.context.get("is_same")
    same = is_same if isinstance(is_same, bool) else None
    field = _field(error, resource)
    if place is not None:
        # What has no field of its own is about the whole.
        field = f"{place}" if field is None else f"{place}.{field}"
    return UserError(code=error.code, message=error.message, field=field, is_same=same)


def _field(error: errors.WalletError, resource: Resource) -> str | None:
    """Return the input field of an error. The domain names a relation instead, or nothing for the object's own id."""
    if error.field is None:
        return "id" if isinstance(error, errors.NotFound) else None
    return f"{error.field}Id" if error.field in resource.to_one else camel_case(error.field)
