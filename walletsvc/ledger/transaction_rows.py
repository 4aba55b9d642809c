"""Transactions as rows of their table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from django.db.models.base import ModelState

from walletsvc.ledger import statements
from walletsvc.models import Transaction

_INSERT_TRANSACTIONS = (
    "INSERT INTO walletsvc_transaction"
    " (txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)"
)
_UPDATE_TRANSACTION = (
    "UPDATE walletsvc_transaction"
    " SET txid = %s, wallet_id = %s, amount = %s, description = %s, metadata = %s, updated_at = %s WHERE id = %s"
)


def blank_transaction() -> Transaction:
    """Return a new transaction with no field set: `__init__`, which sets them all, takes twenty times as long."""
    transaction = Transaction.__new__(Transaction)
    transaction._state = ModelState()
    return transaction


def insert_transactions(transactions: Sequence[Transaction]) -> None:
    """Insert the rows and tell each transaction its id, once the statements have been sent."""
    for some in statements.chunks(transactions):
        rows = [
            [
                each.txid,
                each.wallet_id,
                statements.from_decimal(each.amount),
                each.currency,
                each.description,
                _metadata_of(each),
                statements.from_time(each.created_at),
                statements.from_time(each.updated_at),
            ]
            for each in some
        ]
        statements.insert(_INSERT_TRANSACTIONS, rows, partial(_take_ids, some))


def update_transaction_row(transaction: Transaction) -> None:
    """Write what can be changed of a transaction. Its wallet is locked, so the row is there."""
    values: list[statements.Value] = [
        transaction.txid,
        transaction.wallet_id,
        statements.from_decimal(transaction.amount),
        transaction.description,
        _metadata_of(transaction),
        statements.from_time(transaction.updated_at),
        transaction.id,
    ]
    statements.write(_UPDATE_TRANSACTION, values)


def delete_transaction_row(transaction: Transaction) -> None:
    """Delete the row of a transaction. Its wallet is locked, so the row is there."""
    statements.write("DELETE FROM walletsvc_transaction WHERE id = %s", [transaction.id])


def _metadata_of(transaction: Transaction) -> str:
    return json.dumps(transaction.metadata) if transaction.metadata else "{}"


def _take_ids(transactions: Sequence[Transaction], ids: range) -> None:
    for each, identifier in zip(transactions, ids, strict=True):
        each.id = identifier
