"""The queries: each asks the read engine once, for everything selected below it."""

# ruff: noqa: A002 - arguments are named as in the schema
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import strawberry
from strawberry import UNSET

from graphql_api import types
from graphql_api.books import Book
from graphql_api.ids import database_id, parse_global_id
from graphql_api.planning import Planner, Root
from graphql_api.types import Info, connection
from walletsvc import errors
from walletsvc.commands.inputs import parse_id
from walletsvc.errors import InvalidParameter
from walletsvc.principals import Principal
from walletsvc.queries.books import compute_book, compute_books
from walletsvc.queries.questions import MAX_PAGE_SIZE
from walletsvc.queries.records import Page, Record
from walletsvc.queries.selectors import get_record, list_records, list_records_by_id

T = TypeVar("T")

_OF_OWNER = "Names are unique within an owner. By default, only objects of your owner, or without one, are found."
_NOT_OF_OWNERS = "For callers that are bound to an owner there is none."
Reader = Callable[[Planner, Root, Principal], Page | Record]


def _once(info: Info, read: Callable[[Planner, Root, Principal], T]) -> T:
    """Return the result of `read`, read once for all root fields with the same question."""
    raw = info._raw_info
    refusal = raw.context.refused.get(raw.path.key)
    if refusal is not None:
        raise refusal
    planner = raw.context.planner(raw)
    root = planner.root(raw.field_nodes[0])
    answers: dict[Root, T] = raw.context.answers
    if root not in answers:
        answers[root] = read(planner, root, raw.context.principal)
    return answers[root]


def _read_list(resource: str) -> Reader:
    def read(planner: Planner, root: Root, principal: Principal) -> Page:
        return list_records(principal=principal, question=planner.question(resource, root))

    return read


def _read_one(resource: str, match: Callable[[Mapping[str, Any]], dict[str, str | int]]) -> Reader:
    """Return a reader of one record, which `match` identifies from the arguments. It raises `NotFound`."""

    def read(planner: Planner, root: Root, principal: Principal) -> Record:
        matched = match(root.arguments)
        selection = planner.selection(resource, root)
        record = get_record(principal=principal, resource=resource, selection=selection, **matched)
        if record is None:
            raise errors.not_found(resource, *matched.values())
        return record

    return read


def _by_id(resource: str) -> Reader:
    def match(arguments: Mapping[str, Any]) -> dict[str, str | int]:
        return {"id": parse_id(database_id(arguments["id"], resource), what=resource)}

    return _read_one(resource, match)


def _by_name(resource: str, name: str) -> Reader:
    """Return a reader of one record by name, within the given owner; by default among records without an owner.

    A caller bound to an owner finds only that owner's records, whatever the argument.
    """

    def read(planner: Planner, root: Root, principal: Principal) -> Record:
        value = root.arguments[name]
        owner = root.arguments.get("owner")
        owner = (principal.owner or "") if owner is None else owner
        selection = planner.selection(resource, root)
        record = get_record(principal=principal, resource=resource, selection=selection, owner=owner, **{name: value})
        if record is None:
            raise errors.not_found(resource, value)
        return record

    return read


ROOTS: Mapping[str, Reader] = {
    "wallets": _read_list("Wallet"),
    "transactions": _read_list("Transaction"),
    "entries": _read_list("Entry"),
    "transfers": _read_list("Transfer"),
    "holds": _read_list("Hold"),
    "wallet": _by_id("Wallet"),
    "walletByLabel": _by_name("Wallet", "label"),
    "transaction": _by_id("Transaction"),
    "transactionByTxid": _by_name("Transaction", "txid"),
    "transfer": _by_id("Transfer"),
    "transferByTxid": _by_name("Transfer", "txid"),
    "hold": _by_id("Hold"),
    "holdByTxid": _by_name("Hold", "txid"),
}
"""The readers of the root fields that ask the read engine one question."""


def _resolve(name: str) -> Callable[[Any, Info], Any]:
    return lambda _root, info: _once(info, ROOTS[name])


def _list_nodes(info: Info, global_ids: list[strawberry.ID], *, parameter: str) -> list[types.Node | None]:
    """Return the object of each global id, and None for each that is missing: one query for each type."""
    if len(global_ids) > MAX_PAGE_SIZE:
        raise InvalidParameter(
            f"At most {MAX_PAGE_SIZE} objects can be fetched at once.", parameter=parameter, limit=MAX_PAGE_SIZE
        )
    references = [_parse_global_id(text, parameter) for text in global_ids]

    def read(planner: Planner, root: Root, principal: Principal) -> list[Record | None]:
        found: dict[tuple[str, int | None], Record | None] = {}
        for resource in dict.fromkeys(resource for resource, _ in references):
            ids = [each for name, each in references if name == resource and each is not None]
            selection = planner.selection(resource, root)
            records = list_records_by_id(principal=principal, resource=resource, ids=ids, selection=selection)
            found |= {(resource, identifier): record for identifier, record in zip(ids, records, strict=True)}
        return [found.get(reference) for reference in references]

    return cast(list[types.Node | None], _once(info, read))


def _parse_global_id(text: str, parameter: str) -> tuple[str, int | None]:
    parsed = parse_global_id(text)
    if parsed is None:
        raise InvalidParameter("This is not a global id.", parameter=parameter)
    return parsed


@strawberry.type
class Query:
    """Everything that can be read."""

    wallets: types.WalletConnection | None = connection(
        "Wallet", description="Wallets, by default in the order of opening.", resolve=_resolve("wallets")
    )
    transactions: types.TransactionConnection | None = connection(
        "Transaction", description="Transactions of all wallets.", resolve=_resolve("transactions")
    )
    entries: types.EntryConnection | None = connection(
        "Entry", description="Lines in the ledger, of all wallets.", resolve=_resolve("entries")
    )

    transfers: types.TransferConnection | None = connection(
        "Transfer", description="Transfers, by default in the order of posting.", resolve=_resolve("transfers")
    )

    holds: types.HoldConnection | None = connection(
        "Hold", description="Holds, by default in the order of creation.", resolve=_resolve("holds")
    )

    @strawberry.field(description="The object with this global id, or null.")
    def node(self, info: Info, id: strawberry.ID) -> types.Node | None:
        return _list_nodes(info, [id], parameter="id")[0]

    @strawberry.field(description="The objects with these global ids, in order; null for each missing one.")
    def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[types.Node | None] | None:
        return _list_nodes(info, ids, parameter="ids")

    @strawberry.field(description="A wallet, by its id or databaseId.")
    def wallet(self, info: Info, id: strawberry.ID) -> types.Wallet | None:
        return cast(types.Wallet, _once(info, ROOTS["wallet"]))

    @strawberry.field(description=f"A wallet, by its exact label. {_OF_OWNER}")
    def wallet_by_label(self, info: Info, label: str, owner: str | None = UNSET) -> types.Wallet | None:
        return cast(types.Wallet, _once(info, ROOTS["walletByLabel"]))

    @strawberry.field(description="A transaction, by its id or databaseId.")
    def transaction(self, info: Info, id: strawberry.ID) -> types.Transaction | None:
        return cast(types.Transaction, _once(info, ROOTS["transaction"]))

    @strawberry.field(description=f"A transaction, by its exact txid. {_OF_OWNER}")
    def transaction_by_txid(self, info: Info, txid: str, owner: str | None = UNSET) -> types.Transaction | None:
        return cast(types.Transaction, _once(info, ROOTS["transactionByTxid"]))

    @strawberry.field(description="A transfer, by its id or databaseId.")
    def transfer(self, info: Info, id: strawberry.ID) -> types.Transfer | None:
        return cast(types.Transfer, _once(info, ROOTS["transfer"]))

    @strawberry.field(description=f"A transfer, by its exact txid. {_OF_OWNER}")
    def transfer_by_txid(self, info: Info, txid: str, owner: str | None = UNSET) -> types.Transfer | None:
        return cast(types.Transfer, _once(info, ROOTS["transferByTxid"]))

    @strawberry.field(description="A hold, by its id or databaseId.")
    def hold(self, info: Info, id: strawberry.ID) -> types.Hold | None:
        return cast(types.Hold, _once(info, ROOTS["hold"]))

    @strawberry.field(description=f"A hold, by its exact txid. {_OF_OWNER}")
    def hold_by_txid(self, info: Info, txid: str, owner: str | None = UNSET) -> types.Hold | None:
        return cast(types.Hold, _once(info, ROOTS["holdByTxid"]))

    @strawberry.field(description=f"The book of each currency. {_NOT_OF_OWNERS}")
    def books(self, info: Info) -> list[Book] | None:
        return cast(list[Book], compute_books(principal=info.context.principal))

    @strawberry.field(description=f"The book of a currency, by its code. {_NOT_OF_OWNERS}")
    def book(self, info: Info, currency: str) -> Book | None:
        return cast(Book, compute_book(currency, principal=info.context.principal))
