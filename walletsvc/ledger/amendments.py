"""Give a transaction another amount or another wallet, or delete it. Who calls has locked its wallets."""

from __future__ import annotations

from decimal import Decimal

from walletsvc import errors, money
from walletsvc.ledger.guard import check_amount, check_stored, decide
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.models import Transaction
from walletsvc.models.entry import Kind


def amend_transaction(ledger: Ledger, transaction: Transaction, *, amount: Decimal, wallet_id: int) -> None:
    """Give a transaction another amount, or another wallet, or both. The wallets must be locked.

    Changes the object, which the caller saves. Raises what the guard raises, `TransactionBound`,
    `CurrencyMismatch`, and `Invalid` for a wallet of another owner, because the owner of a transaction never
    changes.
    """
    ledger.flush()
    old, new = ledger.wallet(transaction.wallet_id), ledger.wallet(wallet_id, field="wallet")
    if (amount, wallet_id) != (transaction.amount, transaction.wallet_id):
        check_unbound(ledger, transaction)
    if old.currency != new.currency:
        raise errors.CurrencyMismatch(
            f"A transaction of a {old.currency} wallet cannot move to a {new.currency} wallet.",
            field="wallet",
            currencies=[old.currency, new.currency],
        )
    if old.owner != new.owner:
        raise errors.Invalid("A transaction cannot move to a wallet of another owner.", field="wallet")
    check_amount(amount, currency=new.currency, field="amount")
    back = money.negate(transaction.amount)
    if old is not new:
        decide(old, back, field="amount")
        decide(new, amount, field="amount")
        _move(ledger, transaction, old, new, amount)
    elif amount != transaction.amount:
        ledger.apply(new, money.add(amount, back), Kind.AMEND, transaction)
    # The entries get the transaction's current txid.
    ledger.flush()
    transaction.amount, transaction.wallet_id = amount, wallet_id


def _move(ledger: Ledger, transaction: Transaction, old: LockedWallet, new: LockedWallet, amount: Decimal) -> None:
    """Move a transaction, and amend it where that lowers neither wallet below both what it was and will be."""
    change = money.subtract(amount, transaction.amount)
    amends_first = amount > 0 or change > 0
    moved = amount if amends_first else transaction.amount
    steps = [(old, money.negate(moved), Kind.MOVE_OUT, -1), (new, moved, Kind.MOVE_IN, 1)]
    if change:
        steps.insert(0 if amends_first else 2, (old if amends_first else new, change, Kind.AMEND, 0))
    for wallet, step, kind, added in steps:
        balance = money.add(wallet.balance, step)
        check_stored(balance, field="amount")
        ledger.record(wallet, balance, step, kind, transaction, added=added)


def delete_transaction(ledger: Ledger, transaction: Transaction) -> None:
    """Undo a transaction of a locked wallet and delete it.

    Raises `TransactionBound` and what the guard raises.
    """
    wallet = ledger.wallet(transaction.wallet_id)
    check_unbound(ledger, transaction)
    ledger.apply(wallet, money.negate(transaction.amount), Kind.DELETE, transaction, added=-1)
    ledger.flush()
    ledger.writer.delete_transaction_row(transaction)
    ledger.names.give_up(transaction.owner, txids=[transaction.txid])


def check_unbound(ledger: Ledger, transaction: Transaction) -> None:
    """Raise `TransactionBound` if it belongs to a transfer, a hold or a reversal, or is reversed in part."""
    belongs = (transaction.transfer_id, transaction.hold_id, transaction.reversal_of_id)
    if transaction.reversed or any(each is not None for each in belongs):
        message = "It belongs to a transfer, a hold or a reversal: it can be reversed, but not changed or deleted."
        raise bound(ledger, transaction, message)


def bound(ledger: Ledger, transaction: Transaction, message: str) -> errors.TransactionBound:
    """Return the refusal of what would part a transaction from what it belongs to, or from its reversals."""
    return errors.TransactionBound(message, **ledger.writer.read_bonds(transaction, by=ledger.principal))
