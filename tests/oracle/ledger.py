"""The rows as plain data: those that the tests have created, and the effect of each write."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from walletsvc import models

Row = dict[str, Any]

SCALES = {"USD": 2, "BTC": 8}
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


def global_id(type_name: str, identifier: int) -> str:
    """Return the global id as Relay's servers make it."""
    return base64.b64encode(f"{type_name}:{identifier}".encode()).decode()


def print_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Ledger:
    """Wallets, transactions and entries by id. Relations are ids; deleted objects are missing."""

    def __init__(self) -> None:
        self.wallets: dict[int, Row] = {}
        self.transactions: dict[int, Row] = {}
        self.entries: dict[int, Row] = {}

    def table(self, type_name: str) -> dict[int, Row]:
        return {"Wallet": self.wallets, "Transaction": self.transactions, "Entry": self.entries}[type_name]

    def open(self, identifier: int, label: str, currency: str, opening: Decimal, at: datetime, entry_id: int) -> Row:
        wallet = self.wallets[identifier] = {
            "__typename": "Wallet",
            "databaseId": identifier,
            "label": label,
            "balance": Decimal(0),
            "currency": currency,
            "sequence": 0,
            "metadata": {"tags": [label, None, 1.5]},
            "createdAt": at,
            "updatedAt": at,
        }
        if opening:
            self._enter(wallet, opening, "opening", None, at, entry_id)
        return wallet

    def post(self, identifier: int, fields: Row, at: datetime, entry_id: int) -> Row:
        wallet = self.wallets[fields["wallet"]]
        transaction = self.transactions[identifier] = {
            "__typename": "Transaction",
            "databaseId": identifier,
            "description": "",
            "metadata": {},
            "currency": wallet["currency"],
            "createdAt": at,
            "updatedAt": at,
            **fields,
        }
        self._enter(wallet, fields["amount"], "post", transaction, at, entry_id)
        return transaction

    def amend(self, transaction: Row, amount: Decimal, at: datetime, entry_id: int) -> None:
        change = amount - transaction["amount"]
        self._enter(self.wallets[transaction["wallet"]], change, "amend", transaction, at, entry_id)
        transaction |= {"amount": amount, "updatedAt": at}

    def move(self, transaction: Row, wallet_id: int, at: datetime, entry_ids: tuple[int, int]) -> None:
        old, new = self.wallets[transaction["wallet"]], self.wallets[wallet_id]
        self._enter(old, -transaction["amount"], "move_out", transaction, at, entry_ids[0])
        self._enter(new, transaction["amount"], "move_in", transaction, at, entry_ids[1])
        transaction |= {"wallet": wallet_id, "updatedAt": at}

    def delete(self, transaction: Row, at: datetime, entry_id: int) -> None:
        wallet = self.wallets[transaction["wallet"]]
        self._enter(wallet, -transaction["amount"], "delete", transaction, at, entry_id)
        del self.transactions[transaction["databaseId"]]

    def close(self, wallet: Row) -> None:
        for transaction in [each for each in self.transactions.values() if each["wallet"] == wallet["databaseId"]]:
            del self.transactions[transaction["databaseId"]]
        del self.wallets[wallet["databaseId"]]

    def _enter(
        self, wallet: Row, amount: Decimal, kind: str, transaction: Row | None, at: datetime, entry_id: int
    ) -> None:
        wallet |= {"balance": wallet["balance"] + amount, "sequence": wallet["sequence"] + 1, "updatedAt": at}
        self.entries[entry_id] = {
            "__typename": "Entry",
            "databaseId": entry_id,
            "sequence": wallet["sequence"],
            "amount": amount,
            "balanceAfter": wallet["balance"],
            "currency": wallet["currency"],
            "kind": kind,
            "txid": transaction["txid"] if transaction else "",
            "principal": "anonymous",
            "createdAt": at,
            "wallet": wallet["databaseId"],
            "transaction": transaction["databaseId"] if transaction else None,
        }


def draw_ledger(rng: random.Random) -> Ledger:
    """Generate six wallets, one of them deleted, and their history: with equal amounts and equal moments."""
    ledger = Ledger()
    entry_ids = iter(range(11, 10_000, 2))
    moments = iter(BEGINNING + timedelta(hours=number // 3) for number in range(10_000))
    for number, (currency, opening) in enumerate(
        [("USD", 50), ("USD", 0), ("BTC", 3), ("USD", 50), ("USD", 0), ("USD", 0)]
    ):
        ledger.open(
            number * 2 + 3, f"Label {'CABFED'[number]}", currency, Decimal(opening), next(moments), next(entry_ids)
        )
    wallet_ids = sorted(ledger.wallets)
    for number in range(26):
        wallet_id = rng.choice(wallet_ids[:-2] if number < 22 else wallet_ids[-1:])
        fields = {"txid": f"T{rng.choice('xyz')}{number}", "wallet": wallet_id}
        fields |= {
            "amount": Decimal(rng.choice([1, 2, 2, 5, "7.5", -1, -2])),
            "description": rng.choice(["", "Pay", "rent"]),
        }
        if number >= 22 or ledger.wallets[wallet_id]["balance"] + fields["amount"] < 0:
            fields["amount"] = abs(fields["amount"])
        transaction = ledger.post(number * 3 + 5, fields, next(moments), next(entry_ids))
        if number % 7 == 1:
            ledger.amend(transaction, transaction["amount"] + 3, next(moments), next(entry_ids))
        if number % 7 == 2 and transaction["amount"] > 0 and transaction["currency"] == "USD":
            ids = (next(entry_ids), next(entry_ids))
            ledger.move(transaction, wallet_ids[0], next(moments), ids)
        if number % 7 == 3 and transaction["amount"] > 0:
            ledger.delete(transaction, next(moments), next(entry_ids))
    gone = ledger.wallets[wallet_ids[-1]]
    for transaction in [each for each in ledger.transactions.values() if each["wallet"] == gone["databaseId"]]:
        ledger.delete(transaction, next(moments), next(entry_ids))
    ledger.close(gone)
    return ledger


def store(ledger: Ledger) -> None:
    """Put the rows into the empty database."""
    transactions = ledger.transactions.values()
    counts = [each["wallet"] for each in transactions]
    models.Wallet.objects.bulk_create(
        models.Wallet(transaction_count=counts.count(row["databaseId"]), **_columns(row))
        for row in ledger.wallets.values()
    )
    models.Transaction.objects.bulk_create(models.Transaction(**_columns(row)) for row in transactions)
    models.Entry.objects.bulk_create(models.Entry(**_columns(row)) for row in ledger.entries.values())
    models.Total.objects.all().delete()
    models.Total.objects.create(part=0, count=len(counts))


_COLUMNS = {
    "databaseId": "id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "balanceAfter": "balance_after",
    "wallet": "wallet_id",
    "transaction": "transaction_id",
}


def _columns(row: Row) -> dict[str, Any]:
    return {_COLUMNS.get(name, name): value for name, value in row.items() if name != "__typename"}
