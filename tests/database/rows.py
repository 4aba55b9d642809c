"""Rows that no command would write."""

from __future__ import annotations

from typing import Any

from django.db import connection

NOW = "2026-01-31 12:00:00.000000"

WALLET = {
    "label": "Savings",
    "currency": "USD",
    "balance": "5",
    "sequence": 1,
    "transaction_count": 1,
    "owner": "",
    "metadata": "{}",
    "created_at": NOW,
    "updated_at": NOW,
    "available": "5",
}
TRANSACTION = {
    "txid": "TX1",
    "wallet_id": 1,
    "amount": "5",
    "currency": "USD",
    "owner": "",
    "description": "",
    "metadata": "{}",
    "created_at": NOW,
    "updated_at": NOW,
}
ENTRY = {
    "wallet_id": 1,
    "sequence": 1,
    "amount": "5",
    "balance_after": "5",
    "currency": "USD",
    "kind": "post",
    "transaction_id": 1,
    "txid": "TX1",
    "principal": "anonymous",
    "owner": "",
    "created_at": NOW,
}
TRANSFER = {
    "txid": "TR1",
    "owner": "",
    "description": "",
    "metadata": "{}",
    "external": "{}",
    "fingerprint": b"\1" * 16,
    "created_at": NOW,
}
HOLD = {
    "txid": "H1",
    "wallet_id": 1,
    "amount": "5",
    "remaining": "5",
    "currency": "USD",
    "owner": "",
    "state": "open",
    "description": "",
    "metadata": "{}",
    "fingerprint": b"\1" * 16,
    "created_at": NOW,
    "updated_at": NOW,
}
API_KEY = {
    "id": "0123456789",
    "digest": b"\1" * 32,
    "name": "shop",
    "scopes": "wallets:read",
    "created_at": NOW,
    "created_by": "system",
}
TABLES = {
    "walletsvc_wallet": WALLET,
    "walletsvc_transaction": TRANSACTION,
    "walletsvc_entry": ENTRY,
    "walletsvc_transfer": TRANSFER,
    "walletsvc_hold": HOLD,
    "walletsvc_apikey": API_KEY,
}


def insert(table: str, **columns: Any) -> int:
    """Insert a row, valid in itself except for what `columns` say, and return its id."""
    row = TABLES[table] | columns
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(row.values()))  # noqa: S608
        return cursor.lastrowid


def execute(statement: str, *values: object) -> None:
    """Run a statement."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def fetch(statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run a query and return its rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
