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
from walletsvc.reading.questions import Question
from walletsvc.reading.rows import count_rows, fetch


def count(question: Question, queryset: QuerySet[Model], *, principal: Principal) -> int:
    """Return how many records a list has. `queryset` is those within reach that pass the question's filters."""
    if question.resource == "Transaction":
        match question.filters:
            case ():
                return _count_all(principal)
            case (("wallet", value),):
                # The queryset has been made with it, so it is an id.
                wallet_id = IdFilter.field_class().clean(value)
                return count_by_wallet([wallet_id], principal=principal).get(wallet_id, 0)
    return count_rows(queryset)


def count_by_wallet(wallet_ids: Sequence[int], *, principal: Principal) -> dict[int, int]:
    """Return how many transactions each of the wallets has that are there and within reach."""
    if not wallet_ids:
        return {}
    where, values = f"id IN ({', '.join(['%s'] * len(wallet_ids))})", list[Any](wallet_ids)
    if principal.owner is not None:
        where, values = f"{where} AND owner = %s", [*values, principal.owner]
    found = fetch(f"SELECT id, transaction_count FROM walletsvc_wallet WHERE {where}", values)  # noqa: S608
    return {int(wallet_id): int(count) for wallet_id, count in found}


def _count_all(principal: Principal) -> int:
    if principal.owner is None:
        [(total,)] = fetch("SELECT COALESCE(SUM(count), 0) FROM walletsvc_transactioncount", ())
        return int(total)
    # There is no index of (owner, transaction_count), which each write would have to change: MariaDB adds up those of
    # one owner among fifty, of 1,000 wallets, in 0.11 ms with it and 0.19 ms without.
    counts = "SELECT COALESCE(SUM(transaction_count), 0) FROM walletsvc_wallet WHERE owner = %s"
    [(total,)] = fetch(counts, [principal.owner])
    return int(total)
