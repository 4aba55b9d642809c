"""New transactions as rows of their table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from walletsvc.models import Transaction
from walletsvc.services import statements

_INSERT_TRANSACTIONS = (
    "INSERT INTO walletsvc_transaction"
    " (txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)"
)
_TXIDS_A_STATEMENT = 5000
_SELECT_IDS = "SELECT txid, id FROM walletsvc_transaction"


def insert_transactions(transactions: Sequence[Transaction]) -> None:
    """Insert the rows and tell each transaction its id; a single one, once the statement has been sent."""
    rows = [
        [
            each.txid,
            each.wallet_id,
            statements.from_decimal(each.amount),
            each.currency,
            each.description,
            json.dumps(each.metadata),
            statements.from_time(each.created_at),
            statements.from_time(each.updated_at),
        ]
        for each in transactions
    ]
    if len(transactions) == 1:
        statements.insert(_INSERT_TRANSACTIONS, rows, partial(setattr, transactions[0], "id"))
        return
    statements.insert(_INSERT_TRANSACTIONS, rows)
    # The ids of one statement need not follow each other: a cluster allots every n-th.
    ids: dict[str, int] = {}
    for some in statements.chunks(transactions, size=_TXIDS_A_STATEMENT):
        marks = ", ".join(["%s"] * len(some))
        ids.update(statements.fetch(f"{_SELECT_IDS} WHERE txid IN ({marks})", [each.txid for each in some]))
    for each in transactions:
        each.id = ids[each.txid]
