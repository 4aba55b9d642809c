"""Many new objects by one mutation, all or none of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry
from strawberry import UNSET

from graphql_api import types
from graphql_api.declared import given
from graphql_api.errors import PLACES, Place
from graphql_api.types import Info
from graphql_api.user_errors import UserError, user_errors_of
from graphql_api.variables import MAX_ROWS
from walletsvc import errors
from walletsvc.commands.execute import execute_all
from walletsvc.commands.keyed import parse_key
from walletsvc.commands.outcomes import Refused
from walletsvc.commands.transactions import PostTransaction
from walletsvc.queries.permission import check_related
from walletsvc.queries.written import WrittenRecord, read_related
from walletsvc.schema.resources import TRANSACTION


@strawberry.type
class CreateTransactionsPayload:
    transactions: list[types.Transaction] | None = strawberry.field(
        description="In the order of the input, as written, with their related objects in their current state; null"
        " if refused."
    )
    user_errors: list[UserError] = strawberry.field(
        description="Their fields begin with the place in the input, from 0: `2.amount`."
    )
    is_replay: bool = strawberry.field(
        description="Whether an earlier request with the same idempotency key was answered with this.", default=False
    )


def create_transactions(info: Info, rows: Sequence[Any], key: str | None) -> CreateTransactionsPayload:
    """Post the transactions of these inputs, once for the idempotency key, and return the payload.

    Raises refusals that belong beside the data.
    """
    principal = info.context.principal
    # The payloads of all mutations in the document are checked before the first one runs.
    selection = info.context.payload(info._raw_info)
    try:
        check_related(principal, TRANSACTION, selection)
        key = None if key is None or key is UNSET else parse_key(key)
        _check_number(rows)
    except errors.WalletError as error:
        return _refuse(error)
    commands, problems = _parse(rows)
    if problems:
        return CreateTransactionsPayload(transactions=None, user_errors=problems)
    outcome = execute_all(commands, by=principal, key=key)
    if isinstance(outcome, Refused):
        # A key or a scope is that of the whole.
        is_whole = isinstance(outcome.error, errors.IdempotencyConflict | errors.Forbidden)
        return _refuse(outcome.error, place=None if is_whole else outcome.index)
    records = [WrittenRecord(each, TRANSACTION.name, selection, principal=principal) for each in outcome.results]
    read_related(records, selection, principal=principal)
    return CreateTransactionsPayload(transactions=records, user_errors=[], is_replay=outcome.is_replay)  # type: ignore[arg-type]


def _check_number(rows: Sequence[Any]) -> None:
    if not rows:
        raise errors.Required("At least one transaction is required.", field="input")
    if len(rows) > MAX_ROWS:
        raise errors.TooMany(f"At most {MAX_ROWS:,} transactions are posted at once.", field="input", limit=MAX_ROWS)


def _parse(rows: Sequence[Any]) -> tuple[list[PostTransaction], list[UserError]]:
    """Return the commands of the rows, and the problems of all rows that are none."""
    commands: list[PostTransaction] = []
    problems: list[UserError] = []
    for place, row in enumerate(rows):
        try:
            commands.append(PostTransaction.parse(given(TRANSACTION, row)))
        except errors.WalletError as error:
            problems += user_errors_of(error, TRANSACTION, place=place)
    return commands, problems


def _refuse(error: errors.WalletError, *, place: int | None = None) -> CreateTransactionsPayload:
    if PLACES[type(error)] is Place.ERRORS:
        raise error
    return CreateTransactionsPayload(transactions=None, user_errors=user_errors_of(error, TRANSACTION, place=place))
