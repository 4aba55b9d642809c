"""The objects of the schema, as declared in `walletsvc.schema.resources`.

Their values are `Record`s and `Page`s of the read engine; `resolvers.py` finds each field in them.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from graphql_api.arguments import FILTERS_TYPES, ORDER_TYPES
from graphql_api.declared import shows
from graphql_api.history import Balance, balance_field
from graphql_api.scalars import Amount, DateTime, Long
from walletsvc.queries.questions import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from walletsvc.schema.resources import ENTRY, HOLD, TRANSACTION, TRANSFER, WALLET

_FIRST = f"The number of objects from the start: by default {DEFAULT_PAGE_SIZE}, at most {MAX_PAGE_SIZE}."
_LAST = f"The number of objects from the end, at most {MAX_PAGE_SIZE}."


Info = strawberry.Info[Any, Any]


def _bound_later(root: Any, info: Info) -> Any:
    """Placeholder for the resolver that `resolvers.bind` sets."""
    return root


def connection(resource: str, *, description: str, resolve: Callable[[Any, Info], Any] = _bound_later) -> Any:
    """Declare a field that is a page of a list, with the arguments of every list.

    `resolve` gets the root and the info; the plan of the read finds the arguments.
    """
    arguments: dict[str, Any] = {
        "filters": FILTERS_TYPES[resource],
        "ordering": list.__class_getitem__(ORDER_TYPES[resource]),
        "first": Annotated[int, strawberry.argument(description=_FIRST)],
        "after": Annotated[str, strawberry.argument(description="Begin after this cursor.")],
        "last": Annotated[int, strawberry.argument(description=_LAST)],
        "before": Annotated[str, strawberry.argument(description="End before this cursor.")],
    }

    def resolver(root: Any, info: Info, **_arguments: object) -> Any:
        return resolve(root, info)

    parameters = [Parameter("root", Parameter.POSITIONAL_OR_KEYWORD)]
    parameters.append(Parameter("info", Parameter.POSITIONAL_OR_KEYWORD, annotation=Info))
    for name, kind in arguments.items():
        parameters.append(Parameter(name, Parameter.KEYWORD_ONLY, default=UNSET, annotation=kind | None))
    # Strawberry reads a field's arguments from the signature of a function.
    resolver.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return strawberry.field(resolver=resolver, description=description)


def _described(description: str) -> Any:
    return strawberry.field(description=description)


@strawberry.interface(description="An object with a global id.")
class Node:
    id: strawberry.ID = _described("The global id: unique among all objects of all types.")


@strawberry.type(description="The beginning and end of a page.")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@shows(WALLET, connection)
class Wallet(Node):
    balance_at: Balance | None = balance_field()

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="Its entries from one moment on and before another, their sums, and the balances around them."
    )
    def statement(
        self,
        start: Annotated[DateTime, strawberry.argument(name="from", description="The first moment.")],
        end: Annotated[DateTime, strawberry.argument(name="to", description="The moment after the last.")],
    ) -> Statement | None:
        """Placeholder for the resolver that `resolvers.bind` sets."""


@shows(TRANSACTION, connection)
class Transaction(Node):
    pass


@shows(ENTRY, connection)
class Entry(Node):
    pass


@shows(TRANSFER, connection)
class Transfer(Node):
    pass


@shows(HOLD, connection)
class Hold(Node):
    pass


@strawberry.type
class WalletEdge:
    node: Wallet
    cursor: str


@strawberry.type
class TransactionEdge:
    node: Transaction
    cursor: str


@strawberry.type
class EntryEdge:
    node: Entry
    cursor: str


@strawberry.type
class TransferEdge:
    node: Transfer
    cursor: str


@strawberry.type
class HoldEdge:
    node: Hold
    cursor: str


_TOTAL_COUNT = "The number of objects in the whole list, or of those that were counted. Counted only if selected."
_COUNT_IS_MINIMUM = "Whether the list may be longer than was counted: then totalCount is what it has at least."


@strawberry.type
class WalletConnection:
    edges: list[WalletEdge]
    page_info: PageInfo
    total_count: Long = _described(_TOTAL_COUNT)
    count_is_minimum: bool = _described(_COUNT_IS_MINIMUM)


@strawberry.type
class TransactionConnection:
    edges: list[TransactionEdge]
    page_info: PageInfo
    total_count: Long = _described(_TOTAL_COUNT)
    count_is_minimum: bool = _described(_COUNT_IS_MINIMUM)


@strawberry.type
class EntryConnection:
    edges: list[EntryEdge]
    page_info: PageInfo
    total_count: Long = _described(_TOTAL_COUNT)
    count_is_minimum: bool = _described(_COUNT_IS_MINIMUM)


@strawberry.type(description="The entries of a wallet in a period: opening + credits - debits = closing.")
class Statement:
    start: DateTime = strawberry.field(name="from")
    end: DateTime = strawberry.field(name="to")
    opening: Amount = _described("The balance before its first entry.")
    closing: Amount = _described("The balance after its last entry.")
    opening_held: Amount = _described("What was held before its first entry.")
    closing_held: Amount = _described("What was held after its last entry.")
    credits: Amount = _described("The sum of all that came in.")
    debits: Amount = _described("The sum of all that went out, as a positive amount.")
    count: Long = _described("The number of its entries.")
    currency: str

    @strawberry.field(description="Its entries, in the order of their sequences.")  # type: ignore[untyped-decorator]
    def lines(
        self,
        first: Annotated[int | None, strawberry.argument(description=_FIRST)] = UNSET,
        after: Annotated[str | None, strawberry.argument(description="Begin after this cursor.")] = UNSET,
    ) -> EntryConnection:
        """Placeholder for the resolver that `resolvers.bind` sets."""
        raise NotImplementedError


@strawberry.type
class HoldConnection:
    edges: list[HoldEdge]
    page_info: PageInfo
    total_count: Long = _described(_TOTAL_COUNT)
    count_is_minimum: bool = _described(_COUNT_IS_MINIMUM)


@strawberry.type
class TransferConnection:
    edges: list[TransferEdge]
    page_info: PageInfo
    total_count: Long = _described(_TOTAL_COUNT)
    count_is_minimum: bool = _described(_COUNT_IS_MINIMUM)
