"""Count records, without COUNT(*) if the wallets have the number.

COUNT(*) reads an index from end to end and grows with the ledger: at 100,000 transactions it is most of a list's cost
in the database. So it stops soon, and the number is `AtLeast` what was counted (`row_sql`). Each wallet stores the
exact number of its transactions; the total of all is the sum of a few parts. A wallet's `sequence` is the number of
its entries: they are numbered without a gap, and none is ever removed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Model, QuerySet

from walletsvc.db.statements import Asked, Statement, TooManyRows, as_number, fetch
from walletsvc.ids import NO_ID, read_id
from walletsvc.principals import ANYONE, Principal
from walletsvc.queries.attempts import MOST_WITH_COUNT
from walletsvc.queries.questions import Question, Selection
from walletsvc.queries.records import Plan
from walletsvc.queries.row_sql import AtLeast, Row, ask_number, fetch_numbers
from walletsvc.queries.scope import Scope
from walletsvc.schema.declarations import Resource

COUNTED_AT_MOST = 10_000
"""How far records are counted where the number is not kept. 3 ms, if an index has all that the filters look at."""

_COUNT_ALL = Statement("SELECT COALESCE(SUM(count), 0) FROM walletsvc_transactioncount")
_LAST_ENTRY = "SELECT COALESCE(MAX(sequence), 0) FROM walletsvc_entry WHERE wallet_id = %s"
# With a condition on the owner, MAX would read all entries of the wallet.
_LAST_ENTRY_OF_OWNER = (
    "SELECT COALESCE((SELECT CASE owner WHEN %s THEN sequence ELSE 0 END FROM walletsvc_entry WHERE wallet_id = %s"
    " ORDER BY sequence DESC LIMIT 1), 0)"
)
_COUNTED_BY_WALLET = {"Transaction": "transaction_count", "Entry": "sequence"}
"""The column of a wallet that has the number of its records."""
_PARENTS_APART = 100
"""For how many parents one statement has a SELECT each: SQLite allows 500."""


def ask_count(question: Question, queryset: QuerySet[Model], *, principal: Principal, scope: Scope) -> Asked[int]:
    """Ask for the number of records in a list: those of `queryset`, filtered by the question, within `scope`."""
    column = _COUNTED_BY_WALLET.get(question.resource)
    if column is None:
        return ask_number(queryset, at_most=COUNTED_AT_MOST, scope=scope)
    total = f"SELECT COALESCE(SUM({column}), 0) FROM walletsvc_wallet"  # noqa: S608 - names of our own
    match question.filters:
        case () if question.resource == "Transaction" and principal.owner is None:
            return Asked(_COUNT_ALL, as_number)
        case () if question.resource == "Transaction":
            # An index of (owner, transaction_count) is left out, because each write would have to change it: without
            # it, MariaDB adds up one owner's among fifty, of 1,000 wallets, in 0.19 ms instead of 0.11 ms.
            return Asked(Statement(f"{total} WHERE owner = %s", (principal.owner,)), as_number)
        case (("wallet", value),):
            wallet_id = read_id(value) or NO_ID
            if question.resource == "Entry":
                # Entries outlive their wallet.
                return Asked(_last_entry(wallet_id, principal), as_number)
            where, parameters = _among([wallet_id], principal)
            return Asked(Statement(total + where, parameters), as_number)
    return ask_number(queryset, at_most=COUNTED_AT_MOST, scope=scope)


def wallet_in(question: Question) -> int | None:
    """Return the wallet that a question's filter selects, if any. Its filters are valid."""
    return next((read_id(value) or NO_ID for name, value in question.filters if name == "wallet"), None)


def kept_for(resource: Resource, selection: Selection) -> tuple[str, ...]:
    """Return the columns in which a record keeps the numbers of what is selected of its to-many relations."""
    kept = [_kept(question, key=resource.to_many[name].column) for name, question in selection.to_many]
    return tuple(column for column in kept if column)


def kept_by(plan: Plan, rows: Iterable[Row], question: Question, *, key: str) -> Mapping[int, int]:
    """Return the number of records for each parent that `key` refers to, if the parents' `rows` have it.

    It may be out of date already: it only tells how they are best read.
    """
    place = plan.places.get(_kept(question, key=key) or "")
    return {} if place is None else {int(row[0]): int(row[place]) for row in rows}


def _kept(question: Question, *, key: str) -> str | None:
    is_kept = key == "wallet_id" and not question.filters
    return _COUNTED_BY_WALLET.get(question.resource) if is_kept else None


def count_by_parent(
    question: Question, queryset: QuerySet[Model], *, key: str, ids: Sequence[int]
) -> Mapping[int, int]:
    """Return the number of records for each parent that `key` refers to; a parent without any may be missing.

    `queryset` has the records that pass the question's filters, of all parents. Those of up to 100 parents are
    counted as far as those of a single list. What could not even be counted so far is `AtLeast` 0.
    """
    if _kept(question, key=key):
        return count_by_wallet(question.resource, ids)
    found: dict[int, int] = {}
    for start in range(0, len(ids), _PARENTS_APART):
        some = ids[start : start + _PARENTS_APART]
        try:
            found |= fetch_numbers(queryset, key=key, ids=some, at_most=COUNTED_AT_MOST, examined=MOST_WITH_COUNT)
        except TooManyRows:
            found |= dict.fromkeys(some, AtLeast(0))
    return found


def count_by_wallet(resource: str, wallet_ids: Sequence[int]) -> dict[int, int]:
    """Return the number of transactions or entries of each wallet; a wallet without any may be missing."""
    if not wallet_ids:
        return {}
    where, parameters = _among(wallet_ids, ANYONE)
    column = _COUNTED_BY_WALLET[resource]
    found = fetch(Statement(f"SELECT id, {column} FROM walletsvc_wallet{where}", parameters))  # noqa: S608
    counted = {int(wallet_id): int(count) for wallet_id, count in found}
    if resource == "Entry":
        # Entries of deleted wallets; the answer may show the deletion.
        left = [wallet_id for wallet_id in wallet_ids if wallet_id not in counted]
        counted |= {wallet_id: as_number(fetch(_last_entry(wallet_id, ANYONE))) for wallet_id in left}
    return counted


def _last_entry(wallet_id: int, principal: Principal) -> Statement:
    """Return the query for the number of the last entry in scope, 0 for none."""
    if principal.owner is None:
        return Statement(_LAST_ENTRY, (wallet_id,))
    return Statement(_LAST_ENTRY_OF_OWNER, (principal.owner, wallet_id))


def _among(wallet_ids: Sequence[int], principal: Principal) -> tuple[str, Sequence[Any]]:
    """Return the WHERE clause for the wallets in scope, and its parameters."""
    where = f" WHERE id IN ({', '.join(['%s'] * len(wallet_ids))})"
    return (
        (where, wallet_ids)
        if principal.owner is None
        else (f"{where} AND owner = %s", (*wallet_ids, principal.owner))
    )
