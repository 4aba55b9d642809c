"""A ledger without a database: locks that are given, and a writer that records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.totals import Total
from walletsvc.ledger.writer import KeyRow, Line, PostedTransfer
from walletsvc.models import Hold, Transaction, Wallet
from walletsvc.principals import Principal

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = Principal(subject="alice", scopes=frozenset(), owner="a")


class Records:
    """A writer that records its calls, and assigns ids from 100."""

    def __init__(self, ledger_wallets: Iterable[LockedWallet]) -> None:
        self.wallets = {wallet.id: wallet for wallet in ledger_wallets}
        self.asked: list[object] = []
        self.done: list[tuple[object, ...]] = []
        self.bound: set[int] = set()
        """The wallets that have transactions with bonds."""
        self.keys: list[KeyRow] = []
        self.txids: list[str] = []
        """Of the transaction of each entry, empty where there is none."""

    def lock_wallets(self, ids: Sequence[int], *, principal: Principal, skip_locked: bool) -> list[LockedWallet]:
        self.asked.append((ids, principal, skip_locked))
        return [self.wallets[each] for each in ids if each in self.wallets]

    def write_changes(
        self,
        lines: Sequence[Line],
        posted: Sequence[Transaction],
        *,
        transfers: Sequence[PostedTransfer],
        keys: Sequence[KeyRow],
        new_holds: Sequence[Hold],
        changed_holds: Sequence[Hold],
        by: Principal,
        at: datetime,
        send: bool,
    ) -> None:
        self.keys += keys
        if transfers:
            made = [(each.transfer.txid, [leg.txid for leg in each.legs]) for each in transfers]
            self.done.append(("transfers", made))
        entries = [
            (each.wallet.id, each.sequence, each.kind.value, str(each.amount), str(each.balance_after))
            for each in lines
        ]
        self.txids += [each.transaction.txid if each.transaction else "" for each in lines]
        self.done.append(("write", [each.txid for each in posted], entries, by.subject, at, send))

    def insert_wallet(self, wallet: Wallet) -> None:
        wallet.id = 100 + len(self.done)
        self.done.append(("insert", wallet.label, str(wallet.balance), wallet.sequence))

    def read_names(self, wallet_id: int) -> tuple[list[str], list[str]]:
        self.done.append(("names", wallet_id))
        return ["Gone"], ["G1", "G2"]

    def read_bonds(self, transaction: Transaction, *, by: Principal) -> dict[str, Any]:
        return {"transaction": transaction.id}

    def has_bonds(self, wallet_id: int) -> bool:
        return wallet_id in self.bound

    def delete_wallet(self, wallet_id: int) -> int:
        self.done.append(("delete", wallet_id))
        return 2

    def write_reversed(self, transaction: Transaction) -> None:
        self.done.append(("reversed", transaction.id, str(transaction.reversed)))

    def delete_transaction_row(self, transaction: Transaction) -> None:
        self.done.append(("delete", transaction.txid))

    def add_to_totals(self, added: Mapping[str, Total]) -> None:
        totals = {
            currency: (each.count, str(each.received), str(each.paid))
            for currency, each in added.items()
            if not each.is_zero
        }
        if totals:
            self.done.append(("totals", totals))

    def lines(self) -> list[Any]:
        """Return all entries in the order in which they were written."""
        return [entry for what, *rest in self.done if what == "write" for entry in rest[1]]  # type: ignore[index]


def wallet(number: int, balance: str = "0", currency: str = "USD", owner: str = "a", count: int = 3) -> LockedWallet:
    return LockedWallet(number, currency, Decimal(balance), 7, count, owner)


def transaction(txid: str, wallet_id: int, amount: str, number: int | None = None) -> Transaction:
    return Transaction(id=number, txid=txid, wallet_id=wallet_id, amount=Decimal(amount), currency="USD", owner="a")


def open_ledger(*wallets: LockedWallet, lock: bool = True) -> tuple[Ledger, Records, dict[int, str]]:
    records, touched = Records(wallets), dict[int, str]()
    moments = iter(FIRST + timedelta(seconds=number) for number in range(9))
    ledger = Ledger(
        principal=ALICE,
        clock=lambda: next(moments),
        touched=touched,
        lock_wallets=records.lock_wallets,
        writer=records,
    )
    if lock:
        ledger.lock([each.id for each in wallets])
    return ledger, records, touched
