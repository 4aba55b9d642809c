"""An operation whose input has been checked, ready to run: alone, or many of them as one (`performing`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from walletsvc import errors
from walletsvc.models import Transaction
from walletsvc.reading.scope import within_reach
from walletsvc.services.durability import Outdated
from walletsvc.services.inputs import Reference, not_found, resolve
from walletsvc.services.posting import Ledger

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """What one operation does.

    `run` does it; it may run more than once, each time as if it were the first. `wallets` are those it needs
    locked, `transaction` one whose wallet it needs locked. `explain_duplicate` finds who holds a unique name
    that it was to take. `is_shared` lets it share a transaction with others' that are: it only posts, and what
    refuses it leaves the ledger as it was.
    """

    run: Callable[[Ledger], T]
    wallets: tuple[Reference, ...] = ()
    transaction: Reference | None = None
    explain_duplicate: Callable[[], errors.WalletError | None] = lambda: None
    is_shared: bool = False


def guarded(step: Step[T], check: Callable[[], None]) -> Step[T]:
    """Return the step that first calls `check`, once its wallets are locked; what `check` raises refuses it."""

    def run(ledger: Ledger) -> T:
        ledger.flush()
        check()
        return step.run(ledger)

    return replace(step, run=run, is_shared=False)


def find_transaction(ledger: Ledger, reference: Reference) -> Transaction:
    """Return a transaction as it is now that its wallet is locked. Raises `NotFound`."""
    ledger.flush()
    identifier = resolve(reference)
    transactions = within_reach(Transaction.objects.filter(id=identifier), ledger.principal)
    transaction = transactions.select_for_update().first()
    if transaction is None:
        raise not_found("Transaction", identifier)
    if not ledger.has_locked(transaction.wallet_id):
        # It moved, or came into being, between the look for its wallet and the lock.
        raise Outdated
    return transaction
