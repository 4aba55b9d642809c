"""Set the numbers of transactions right: after an upgrade, while older servers wrote and did not know of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from walletsvc.commands.command import Command, Locks
from walletsvc.commands.retry import durably
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.writer import add_to_count
from walletsvc.models import Transaction, Wallet
from walletsvc.queries.reconciliation import count_transactions


@dataclass(frozen=True, kw_only=True, slots=True)
class RecountWallet(Command[bool]):
    """Count the transactions of a wallet under its lock; tell whether it had another number of them until now."""

    name: ClassVar = "wallet.recount"
    scope: ClassVar = "admin"

    wallet: int

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,))

    def apply(self, ledger: Ledger) -> bool:
        if not ledger.has_locked(self.wallet):
            return False
        count = Transaction.objects.filter(wallet_id=self.wallet).count()
        wrong = Wallet.objects.filter(id=self.wallet).exclude(transaction_count=count)
        return bool(wrong.update(transaction_count=count))


def recount_all() -> bool:
    """Set the number of all transactions; tell whether it was wrong. Others may write meanwhile."""

    def work(_touched: set[int]) -> bool:
        count, found = count_transactions()
        if count != found:
            # What others add meanwhile is added as well, whenever they commit.
            add_to_count(found - count)
        return count != found

    return durably(work) is True
