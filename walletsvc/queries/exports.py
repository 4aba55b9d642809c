"""All transactions, or all entries, as rows of text for a file: one statement, and memory does not grow with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from walletsvc.db.statements import Statement, stream
from walletsvc.models.entry import Kind as EntryKind
from walletsvc.principals import Principal
from walletsvc.queries.row_sql import texts_of
from walletsvc.queries.scope import scope_of
from walletsvc.schema.kinds import AMOUNT, INTEGER, METADATA, TEXT, TIME, Kind

OPENING, POST = EntryKind.OPENING.value, EntryKind.POST.value

_LABEL = "(SELECT label FROM walletsvc_wallet WHERE id = wallet_id)"
"""Never by a JOIN: MariaDB could begin with the other table, and sort. A deleted wallet has none."""

_Columns = Mapping[str, tuple[str, Kind]]
"""For each title the SQL of its values, and their kind."""

_TRANSACTION: _Columns = {
    "kind": (f"'{POST}'", TEXT),
    "txid": ("txid", TEXT),
    "wallet": ("wallet_id", INTEGER),
    "label": (_LABEL, TEXT),
    "owner": ("owner", TEXT),
    "amount": ("amount", AMOUNT),
    "currency": ("currency", TEXT),
    "description": ("description", TEXT),
    "metadata": ("metadata", METADATA),
    "transaction": ("id", INTEGER),
    "transfer": ("transfer_id", INTEGER),
    "createdAt": ("created_at", TIME),
    "updatedAt": ("updated_at", TIME),
}
_FIRST = "(SELECT amount FROM walletsvc_entry WHERE wallet_id = walletsvc_wallet.id AND sequence = 1 AND kind = %s)"
_OPENING: _Columns = {
    "kind": (f"'{OPENING}'", TEXT),
    "txid": ("''", TEXT),
    "wallet": ("id", INTEGER),
    "label": ("label", TEXT),
    "owner": ("owner", TEXT),
    "amount": (f"COALESCE({_FIRST}, 0)", AMOUNT),
    "currency": ("currency", TEXT),
    "description": ("''", TEXT),
    "metadata": ("metadata", METADATA),
    "transaction": ("NULL", INTEGER),
    "transfer": ("NULL", INTEGER),
    "createdAt": ("created_at", TIME),
    "updatedAt": ("updated_at", TIME),
}
_ENTRY: _Columns = {
    "wallet": ("wallet_id", INTEGER),
    "label": (_LABEL, TEXT),
    "owner": ("owner", TEXT),
    "sequence": ("sequence", INTEGER),
    "kind": ("kind", TEXT),
    "txid": ("txid", TEXT),
    "amount": ("amount", AMOUNT),
    "balanceAfter": ("balance_after", AMOUNT),
    "held": ("held", AMOUNT),
    "heldAfter": ("held_after", AMOUNT),
    "currency": ("currency", TEXT),
    "detail": ("detail", METADATA),
    "transaction": ("transaction_id", INTEGER),
    "principal": ("principal", TEXT),
    "createdAt": ("created_at", TIME),
}
TRANSACTION_TITLES = tuple(_TRANSACTION)
ENTRY_TITLES = ("entry", *_ENTRY)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extract:
    """Which rows: those that match whatever is not None, from the moment `start` on and before `end`.

    For entries also: only those of one of the `kinds`, and only those that changed the balance.
    """

    wallet: int | None = None
    owner: str | None = None
    currency: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    kinds: Sequence[str] = ()
    balance_only: bool = False


def iterate_transactions(extract: Extract, *, principal: Principal) -> Iterator[Sequence[str]]:
    """Yield the transactions as they are now, in the order in which they were posted, as texts of TRANSACTION_TITLES.

    One that has been amended has its present amount.
    """
    return _iterate("walletsvc_transaction", _TRANSACTION, extract, principal)


def iterate_openings(extract: Extract, *, principal: Principal) -> Iterator[Sequence[str]]:
    """Yield a row of TRANSACTION_TITLES for each wallet, in the order of their ids, with its opening balance.

    The `metadata` are the wallet's.
    """
    return _iterate("walletsvc_wallet", _OPENING, extract, principal, wallet="id", before=(OPENING,))


def iterate_entries(extract: Extract, *, principal: Principal) -> Iterator[Sequence[str]]:
    """Yield the entries in the order in which they were written, each wallet's without a gap, as texts of
    ENTRY_TITLES.

    The first is a unique name: the wallet's id and the sequence.
    """
    wallet, sequence = [*_ENTRY].index("wallet"), [*_ENTRY].index("sequence")
    for row in _iterate("walletsvc_entry", _ENTRY, extract, principal):
        yield [f"{row[wallet]}/{row[sequence]}", *row]


def _iterate(
    table: str,
    columns: _Columns,
    extract: Extract,
    principal: Principal,
    *,
    wallet: str = "wallet_id",
    before: Sequence[object] = (),
) -> Iterator[Sequence[str]]:
    scope = scope_of(principal)
    conditions = [scope.text] if scope.text else []
    parameters: list[object] = [*before, *scope.parameters]
    moments = [None if each is None else _parameter(each) for each in (extract.start, extract.end)]
    for condition, value in (
        (f"{wallet} = %s", extract.wallet),
        ("owner = %s", extract.owner),
        ("currency = %s", extract.currency),
        ("created_at >= %s", moments[0]),
        ("created_at < %s", moments[1]),
    ):
        if value is not None:
            conditions.append(condition)
            parameters.append(value)
    if extract.kinds:
        conditions.append(f"kind IN ({', '.join(['%s'] * len(extract.kinds))})")
        parameters += extract.kinds
    if extract.balance_only:
        conditions.append("amount <> 0")
    selected = ", ".join(sql for sql, _ in columns.values())
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    text = f"SELECT {selected} FROM {table}{where} ORDER BY id"  # noqa: S608 - names of our own
    kinds = tuple(kind for _, kind in columns.values())
    currency = [*columns].index("currency")
    for rows in stream(Statement(text, parameters)):
        for row in texts_of(rows, kinds):
            yield [_print(text, kind, row[currency]) for text, kind in zip(row, kinds, strict=True)]


def _print(text: bytes | None, kind: Kind, currency: bytes) -> str:
    if text is None:
        return ""
    if kind is METADATA:
        # Most have none, and an empty cell says the same.
        return "" if text == b"{}" else text.decode()
    return str(kind.value(text, currency))


def _parameter(moment: datetime) -> object:
    return connection.ops.adapt_datetimefield_value(moment)
