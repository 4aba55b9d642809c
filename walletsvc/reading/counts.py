"""How many records there are, without COUNT(*) where the wallets know it.

COUNT(*) reads an index from end to end and grows with the ledger: at 100,000 transactions it is most of what a list
costs the database. Each wallet carries the exact number of its own; how many there are in all, is in a few parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Model, QuerySet

from walletsvc.filters import IdFilter
from walletsvc.principals import Principal
from walletsvc.reading.asking import Asked, Statement, as_number, fetch
from walletsvc.reading.questions import Question
from walletsvc.reading.rows import ask_number

_COUNT_ALL = Statement("SELECT COALESCE(SUM(count), 0) FROM walletsvc_transactioncount")
# There is no index of (owner, transaction_count), which each write would have to change: MariaDB adds up those of one
# owner among fifty, of 1,000 wallets, in 0.11 ms with it and 0.19 ms without.
_SUM = "SELECT COALESCE(SUM(transaction_count), 0) FROM walletsvc_wallet"


def ask_count(question: Question, queryset: QuerySet[Model], *, principal: Principal) -> Asked[int]:
    """Ask how many records a list has. `queryset` is those within reach that pass the question's filters."""
    if question.resource == "Transaction":
        match question.filters:
            case ():
                of_owner = Statement(f"{_SUM} WHERE owner = %s", (principal.owner,))
                return Asked(_COUNT_ALL if principal.owner is None else of_owner, as_number)
            case (("wallet", value),):
                # The queryset has been made with it, so it is an id.
                where, parameters = _among([IdFilter.field_class().clean(value)], principal)
                return Asked(Statement(_SUM + where, parameters), as_number)
    return ask_number(queryset)


def count_by_wallet(wallet_ids: Sequence[int], *, principal: Principal) -> dict[int, int]:
    """Return how many transactions each of the wallets has that are there and within reach."""
    if not wallet_ids:
        return {}
    where, parameters = _among(wallet_ids, principal)
    found = fetch(Statement(f"SELECT id, transaction_count FROM walletsvc_wallet{where}", parameters))  # noqa: S608
    return {int(wallet_id): int(count) for wallet_id, count in found}


def _among(wallet_ids: Sequence[int], principal: Principal) -> tuple[str, Sequence[Any]]:
    """Return the WHERE clause of the wallets that are within reach, and its parameters."""
    where = f" WHERE id IN ({', '.join(['%s'] * len(wallet_ids))})"
    return (
        (where, wallet_ids)
        if principal.owner is None
        else (f"{where} AND owner = %s", (*wallet_ids, principal.owner))
    )
