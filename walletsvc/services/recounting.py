"""Set the numbers of transactions right: after an upgrade, while older servers wrote and did not know of them."""

from __future__ import annotations

from django.utils import timezone

from walletsvc.models import Transaction, Wallet
from walletsvc.principals import SYSTEM
from walletsvc.selectors.reconciliation import count_transactions
from walletsvc.services.durability import durably
from walletsvc.services.performing import perform
from walletsvc.services.posting import Ledger
from walletsvc.services.steps import Step
from walletsvc.services.transaction_counts import add_to_count


def recount_wallet(wallet_id: int) -> bool:
    """Count the transactions of a wallet under its lock; tell whether it had another number of them until now."""

    def run(ledger: Ledger) -> bool:
        if not ledger.has_locked(wallet_id):
            return False
        count = Transaction.objects.filter(wallet_id=wallet_id).count()
        wrong = Wallet.objects.filter(id=wallet_id).exclude(transaction_count=count)
        return bool(wrong.update(transaction_count=count))

    return perform(Step(run, wallets=(wallet_id,)), principal=SYSTEM, clock=timezone.now)


def recount_all() -> bool:
    """Set the number of all transactions; tell whether it was wrong. Others may write meanwhile."""

    def work(_touched: set[int]) -> bool:
        count, found = count_transactions()
        if count != found:
            # What others add meanwhile is added as well, whenever they commit.
            add_to_count(found - count)
        return count != found

    return durably(work)
