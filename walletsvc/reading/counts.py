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
from walletsvc.reading.asking import Asked, Statement, answer
from walletsvc.reading.questions import Question
from walletsvc.reading.rows import ask_number

_COUNT_ALL = Statement("SELECT COALESCE(SUM(count), 0) FROM walletsvc_transactioncount")
# There is no index of (owner, transaction_count), which each write would have to change: MariaDB adds up those of one
# owner among fifty, of 1,000 wallets, in 0.11 ms with it and 0.19 ms without.
_COUNT_OF_OWNER = "SELECT COALESCE(SUM(transaction_count), 0) FROM walletsvc_wallet WHERE owner = %s"


def ask_count(question: Question, queryset: QuerySet[Model], *, principal: Principal) -> Asked[int]:
    """Ask how many records a list has. `queryset` is those within reach that pass the question's filters."""
    if question.resource == "Transaction":
        match question.filters:
            case ():
                of_owner = Statement(_COUNT_OF_OWNER, (principal.owner,))
                return Asked(_COUNT_ALL if principal.owner is None else of_owner, _sum)
            case (("wallet", value),):
                # The queryset has been made with it, so it is an id.
                statement = _counts_of([IdFilter.field_class().clean(value)], principal)
                return Asked(statement, lambda rows: sum(_by_wallet(rows).values()))
    return ask_number(queryset)


def count_by_wallet(wallet_ids: Sequence[int], *, principal: Principal) -> dict[int, int]:
    """Return how many transactions each of the wallets has that are there and within reach."""
    return answer(Asked(_counts_of(wallet_ids, principal), _by_wallet)) if wallet_ids else {}


def _counts_of(wallet_ids: Sequence[int], principal: Principal) -> Statement:
    where, values = f"id IN ({', '.join(['%s'] * len(wallet_ids))})", list[Any](wallet_ids)
    if principal.owner is not None:
        where, values = f"{where} AND owner = %s", [*values, principal.owner]
    return Statement(f"SELECT id, transaction_count FROM walletsvc_wallet WHERE {where}", values)  # noqa: S608


def _by_wallet(rows: Sequence[Any]) -> dict[int, int]:
    return {int(wallet_id): int(count) for wallet_id, count in rows}


def _sum(rows: Sequence[Any]) -> int:
    ((total,),) = rows
    return int(total)
