"""Correct what older servers left behind when they wrote during an upgrade: counts and totals, and what is
available."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from walletsvc.commands.command import Command, Locks
from walletsvc.commands.retry import durably
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.totals import correct_totals
from walletsvc.ledger.writer import write_available
from walletsvc.models import Transaction, Wallet


@dataclass(frozen=True, kw_only=True, slots=True)
class RecountWallet(Command[bool]):
    """Count the transactions of a wallet under its lock, and compute what is available.

    Returns whether either was wrong.
    """

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
        was_wrong = bool(wrong.update(transaction_count=count))
        return write_available(ledger.locked(self.wallet)) or was_wrong


def recount_all() -> bool:
    """Correct the totals of all transactions; return whether any was wrong. Other writers may continue."""

    def correct(_touched: dict[int, str]) -> bool:
        return correct_totals()

    return durably(correct) is True
