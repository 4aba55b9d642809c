"""The queries: each asks the read engine once, for all that is selected below it."""

# ruff: noqa: A002 - arguments are named as in the schema
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import strawberry

from graphql_api import types
from graphql_api.ids import database_id, parse_global_id
from graphql_api.planning import Planner, Root
from graphql_api.types import Info, connection
from walletsvc.errors import InvalidParameter
from walletsvc.principals import Principal
from walletsvc.reading.execution import Page, Record
from walletsvc.reading.questions import MAX_PAGE_SIZE
from walletsvc.selectors.records import get_record, list_records, list_records_by_id
from walletsvc.services.inputs import MAX_ID, not_found, parse_id

T = TypeVar("T")


def _once(info: Info, read: Callable[[Planner, Root, Principal], T]) -> T:
    """Return what `read` gives, read once for all root fields that ask the same."""
    raw = info._raw_info
    planner = raw.context.planner(raw)
    root = planner.root(raw.field_nodes[0])
    if not root.is_answered:
        root.answer = read(planner, root, raw.context.principal)
    answer: T = root.answer
    return answer


def _list(resource: str) -> Callable[[Any, Info], Page]:
    def read(planner: Planner, root: Root, principal: Principal) -> Page:
        return list_records(principal=principal, question=planner.question(resource, root))

    return lambda _root, info: _once(info, read)


def _get(info: Info, kind: type[T], **match: str | int) -> T:
    """Return the one record that matches, as what the schema shows it as. Raises `NotFound`."""
    resource = kind.__name__

    def read(planner: Planner, root: Root, principal: Principal) -> Record:
        selection = planner.select(resource, root.nodes)
        record = get_record(principal=principal, resource=resource, selection=selection, **match)
        if record is None:
            raise not_found(resource, *match.values())
        return record

    return cast(T, _once(info, read))


def _get_by_id(info: Info, kind: type[T], identifier: object) -> T:
    resource = kind.__name__
    return _get(info, kind, id=parse_id(database_id(identifier, resource), what=resource))


def _list_nodes(info: Info, global_ids: list[strawberry.ID], *, parameter: str) -> list[types.Node | None]:
    """Return the object of each global id, and None for what is not there: one query for each type."""
    if len(global_ids) > MAX_PAGE_SIZE:
        raise InvalidParameter(
            f"At most {MAX_PAGE_SIZE} objects are fetched at once.", parameter=parameter, limit=MAX_PAGE_SIZE
        )
    references = [_parse_global_id(text, parameter) for text in global_ids]

    def read(planner: Planner, root: Root, principal: Principal) -> list[Record | None]:
        found: dict[tuple[str, int], Record | None] = {}
        for resource in dict.fromkeys(resource for resource, _ in references):
            ids = [identifier for name, identifier in references if name == resource and identifier <= MAX_ID]
            selection = planner.select(resource, root.nodes)
            records = list_records_by_id(principal=principal, resource=resource, ids=ids, selection=selection)
            found |= {(resource, identifier): record for identifier, record in zip(ids, records, strict=True)}
        return [found.get(reference) for reference in references]

    return cast(list[types.Node | None], _once(info, read))


def _parse_global_id(text: str, parameter: str) -> tuple[str, int]:
    parsed = parse_global_id(text)
    if parsed is None:
        raise InvalidParameter("This is no global id.", parameter=parameter)
    resource, identifier = parsed
    return resource, int(identifier)


@strawberry.type
class Query:
    """Everything that can be read."""

    wallets: types.WalletConnection | None = connection(
        "Wallet", description="Wallets, the first that came first unless ordered.", resolve=_list("Wallet")
    )
    transactions: types.TransactionConnection | None = connection(
        "Transaction", description="Transactions of all wallets.", resolve=_list("Transaction")
    )
    entries: types.EntryConnection | None = connection(
        "Entry", description="Lines of the ledger, of all wallets.", resolve=_list("Entry")
    )

    @strawberry.field(description="The object with this global id, or null.")
    def node(self, info: Info, id: strawberry.ID) -> types.Node | None:
        return _list_nodes(info, [id], parameter="id")[0]

    @strawberry.field(description="The objects with these global ids, in their order; null for what is not there.")
    def nodes(self, info: Info, ids: list[strawberry.ID]) -> list[types.Node | None] | None:
        return _list_nodes(info, ids, parameter="ids")

    @strawberry.field(description="A wallet, by its id or databaseId.")
    def wallet(self, info: Info, id: strawberry.ID) -> types.Wallet | None:
        return _get_by_id(info, types.Wallet, id)

    @strawberry.field(description="A wallet, by its exact label.")
    def wallet_by_label(self, info: Info, label: str) -> types.Wallet | None:
        return _get(info, types.Wallet, label=label)

    @strawberry.field(description="A transaction, by its id or databaseId.")
    def transaction(self, info: Info, id: strawberry.ID) -> types.Transaction | None:
        return _get_by_id(info, types.Transaction, id)

    @strawberry.field(description="A transaction, by its exact txid.")
    def transaction_by_txid(self, info: Info, txid: str) -> types.Transaction | None:
        return _get(info, types.Transaction, txid=txid)
