"""What a wallet held in the past: the fields that are computed from its entries.

Their values are read with the wallets that they belong to, for all wallets of a list together.
"""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from graphql import GraphQLResolveInfo
from strawberry import UNSET

from graphql_api.arguments import Arguments
from graphql_api.scalars import Amount, DateTime, Long
from graphql_api.written import check_read
from walletsvc import errors, money
from walletsvc.queries.history import Balance as ReadBalance
from walletsvc.queries.history import check_past
from walletsvc.queries.questions import BalanceQuestion, read_moment
from walletsvc.queries.records import Record
from walletsvc.schema.kinds import print_time

BALANCE_AT = "balanceAt"


@strawberry.type(description="The balance of a wallet at a moment.")
class Balance:
    at: DateTime = strawberry.field(description="The moment: that of the entry, if a sequence was given.")
    sequence: Long = strawberry.field(description="The last entry that it includes; 0 before the first.")
    balance: Amount
    held: Amount = strawberry.field(description="The part of the balance that was held.")
    currency: str


def _balance_at(
    root: Any,
    at: Annotated[
        DateTime | None, strawberry.argument(description="After the last entry up to this moment.")
    ] = UNSET,
    sequence: Annotated[Long | None, strawberry.argument(description="After the entry with this sequence.")] = UNSET,
) -> Balance | None:
    """Placeholder for the resolver that `resolvers.bind` sets."""
    return None


def balance_field() -> Any:
    """Declare the field `balanceAt` of a wallet."""
    return strawberry.field(
        resolver=_balance_at, description="Its balance at a moment that has passed, or after one of its entries."
    )


def parse_balance(arguments: Arguments) -> BalanceQuestion:
    """Return the question for the arguments of `balanceAt`. Raises `InvalidParameter`."""
    at = arguments.get("at")
    return BalanceQuestion(None if at is None else read_moment(at, parameter="at"), arguments.get("sequence"))


def show_balance(record: Record, question: BalanceQuestion) -> ReadBalance:
    """Return the balance that was read with the wallet.

    Raises `NotFound` if it has no such entry, and `InvalidParameter` for a moment in the future.
    """
    if question not in record.history:
        check_read(record, question)
        # A refused question was not asked.
        check_past(question)
        raise LookupError(f"{question} of {record.id} was not read.")
    balance: ReadBalance | None = record.history[question]
    if balance is None:
        raise errors.not_found("Entry", question.sequence)
    return balance


def resolve_balance(record: Record, _info: GraphQLResolveInfo[Any], **arguments: object) -> ReadBalance:
    """Resolve `balanceAt`."""
    return show_balance(record, parse_balance(arguments))


def _at(balance: ReadBalance, _info: object) -> str:
    return print_time(balance.at)


def _sequence(balance: ReadBalance, _info: object) -> int:
    return balance.sequence


def _balance(balance: ReadBalance, _info: object) -> str:
    return money.format_amount(balance.balance, balance.currency)


def _held(balance: ReadBalance, _info: object) -> str:
    return money.format_amount(balance.held, balance.currency)


def _currency(balance: ReadBalance, _info: object) -> str:
    return balance.currency


BALANCE = {"at": _at, "sequence": _sequence, "balance": _balance, "held": _held, "currency": _currency}
"""The resolvers of a balance."""
