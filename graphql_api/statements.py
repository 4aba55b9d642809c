"""The statement of a wallet: its entries in a period, their sums, and the balances around them.

Like `history.py`, for the field `statement` of a wallet.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from graphql import GraphQLResolveInfo

from graphql_api.arguments import Arguments, alias_of, parse_page
from graphql_api.written import check_read
from walletsvc import money
from walletsvc.queries.questions import Period, Question, read_bound
from walletsvc.queries.records import Page, Record
from walletsvc.queries.statements import FIGURES, check_lines
from walletsvc.queries.statements import Statement as ReadStatement
from walletsvc.schema.kinds import print_time
from walletsvc.schema.resources import ENTRY

STATEMENT, LINES = "statement", "lines"
TOTALS = ("credits", "debits")


def parse_period(arguments: Arguments) -> Period:
    """Return the period in the arguments of `statement`. Raises `InvalidParameter`."""
    return Period(read_bound(arguments["from"], parameter="from"), read_bound(arguments["to"], parameter="to"))


def parse_lines(arguments: Arguments) -> tuple[Question, str]:
    """Return the page in the arguments of `lines`, without a selection, and its alias. Raises `InvalidParameter`."""
    question = Question(ENTRY.name, page=parse_page(arguments))
    return question, alias_of(question)


def show_statement(record: Record, period: Period) -> ReadStatement:
    """Return the statement that was read with the wallet."""
    if period not in record.history:
        check_read(record, period)
        raise LookupError(f"{period} of {record.id} was not read.")
    statement: ReadStatement = record.history[period]
    return statement


def resolve_statement(record: Record, _info: GraphQLResolveInfo[Any], **arguments: object) -> ReadStatement:
    """Resolve `statement`."""
    return show_statement(record, parse_period(arguments))


def _resolve_lines(statement: ReadStatement, _info: GraphQLResolveInfo[Any], **arguments: object) -> Page:
    question, alias = parse_lines(arguments)
    if alias not in statement.lines:
        # A refused page was not read.
        check_lines(question)
        raise LookupError(f"{alias} of {statement.period} was not read.")
    return statement.lines[alias]


def _from(statement: ReadStatement, _info: object) -> str:
    return print_time(statement.period.start)


def _to(statement: ReadStatement, _info: object) -> str:
    return print_time(statement.period.end)


def _figure(read: Callable[[ReadStatement], Decimal]) -> Callable[..., str]:
    """Return the resolver of an amount."""

    def resolve(statement: ReadStatement, _info: object) -> str:
        return money.format_amount(read(statement), statement.currency)

    return resolve


def _count(statement: ReadStatement, _info: object) -> int:
    return statement.count


def _currency(statement: ReadStatement, _info: object) -> str:
    return statement.currency


STATEMENT_RESOLVERS: dict[str, Callable[..., Any]] = {
    "from": _from,
    "to": _to,
    **{name: _figure(read) for name, read in FIGURES.items()},
    "count": _count,
    "currency": _currency,
    "lines": _resolve_lines,
}
"""The resolvers of a statement."""
