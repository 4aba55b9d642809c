"""Post, amend and delete transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks, report_id
from walletsvc.commands.given import parse_given, without_inputs
from walletsvc.commands.holders import find_txid_holder, owner_of
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import (
    LocalId,
    Reference,
    id_so_far,
    parse_changes,
    parse_reference,
    resolve,
)
from walletsvc.commands.memories import Memory
from walletsvc.commands.retry import Outdated
from walletsvc.ledger.amendments import amend_transaction, check_unbound, delete_transaction
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.writer import blank_transaction, update_transaction_row
from walletsvc.models import Transaction, Wallet
from walletsvc.principals import Principal
from walletsvc.queries.scope import within_reach
from walletsvc.schema.resources import TRANSACTION


@dataclass(frozen=True, kw_only=True, slots=True)
class PostTransaction(Command[Transaction]):
    """Post a transaction to a wallet."""

    name: ClassVar = "transaction.post"
    scope: ClassVar = "transactions:write"
    model: ClassVar = Transaction

    txid: str
    wallet: Reference
    amount: Decimal
    details: Mapping[str, object] = field(default_factory=dict)
    """Fields that no rule uses (`Resource.details`), by column."""
    conditions: Conditions | None = None
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for the values of a transaction, by their fields' Python names, and its `conditions`.

        It reports the new id to `local_id`. Raises refusals of fields, amounts and conditions, and `NotFound` for an
        impossible id of a wallet.
        """
        parsed = parse_given(TRANSACTION, values)
        return cls(
            txid=parsed["txid"],
            wallet=parsed["wallet"],
            amount=parsed["amount"],
            details=TRANSACTION.details_of(parsed),
            conditions=parsed.get("conditions"),
            local_id=local_id,
        )

    @property
    def shares_commit(self) -> bool:
        return self.local_id is None and not isinstance(self.wallet, LocalId)

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,))

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound` for the wallet, what the guard raises, `ConditionFailed`, and `DuplicateTxid`."""
        transaction = self._transaction(resolve(self.wallet))
        transaction.fingerprint = fingerprint_of(self)
        ledger.post(transaction, conditions=self.conditions)
        if self.local_id is not None:
            report_id(transaction, self.local_id, ledger)
            ledger.show(transaction)
        return transaction

    def _transaction(self, wallet_id: int) -> Transaction:
        transaction = blank_transaction()
        vars(transaction).update(self.details, txid=self.txid, wallet_id=wallet_id, amount=self.amount)
        return transaction

    def remember(self, result: Transaction) -> dict[str, object]:
        kept: dict[str, object] = {"wallet": result.wallet_id, "currency": result.currency, "owner": result.owner}
        # By a later command of the same request.
        return kept | ({"reversed": str(result.reversed)} if result.reversed else {})

    def recall(self, memory: Memory) -> Transaction:
        transaction = self._transaction(memory.values["wallet"])
        transaction.id = memory.id
        transaction.currency, transaction.owner = memory.values["currency"], memory.values["owner"]
        transaction.created_at = transaction.updated_at = memory.at
        transaction.reversed = Decimal(memory.values.get("reversed", 0))
        return transaction

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        # Nothing was created for a wallet that does not exist yet.
        fingerprint = fingerprint_of(self) if id_so_far(self.wallet) else None
        return find_txid_holder(owner_of(self.wallet, Wallet, principal), self.txid, fingerprint=fingerprint)


@dataclass(frozen=True, kw_only=True, slots=True)
class AmendTransaction(Command[Transaction]):
    """Amend a transaction, move it to another wallet, or change its texts."""

    name: ClassVar = "transaction.amend"
    scope: ClassVar = "transactions:write"
    model: ClassVar = Transaction

    transaction: Reference
    amount: Decimal | None = None
    wallet: Reference | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    refused: errors.WalletError | None = None
    """The refusal of the values, raised once the transaction is known to exist."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Self:
        """Return the command for the fields to change. Raises `NotFound` for an impossible id."""
        transaction = parse_reference(identifier, what="Transaction")
        parsed, refused = parse_changes(TRANSACTION, without_inputs(TRANSACTION, values))
        if "conditions" in values:
            refused = errors.Invalid("Only a new transaction takes conditions.", field="conditions")
        names = {"txid": parsed["txid"]} if "txid" in parsed else {}
        return cls(
            transaction=transaction,
            amount=parsed.get("amount"),
            wallet=parsed.get("wallet"),
            changes=names | TRANSACTION.details_of(parsed),
            refused=refused,
        )

    def locks(self) -> Locks:
        return Locks(wallets=() if self.wallet is None else (self.wallet,), transaction=self.transaction)

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound`, refusals of fields, `TransactionBound`, `CurrencyMismatch`, what the guard raises, and
        `DuplicateTxid`."""
        transaction = find_transaction(ledger, self.transaction)
        ledger.show(transaction)
        if self.refused is not None:
            raise self.refused
        before = (transaction.amount, transaction.wallet_id)
        amend_transaction(
            ledger,
            transaction,
            amount=transaction.amount if self.amount is None else self.amount,
            wallet_id=transaction.wallet_id if self.wallet is None else resolve(self.wallet),
        )
        changed = [name for name, value in self.changes.items() if getattr(transaction, name) != value]
        if "txid" in changed:
            if transaction.transfer_id is not None:
                # A leg is named after its transfer.
                check_unbound(ledger, transaction)
            ledger.names.take_txid(transaction.owner, str(self.changes["txid"]))
            ledger.names.give_up(transaction.owner, txids=[transaction.txid])
        for name in changed:
            setattr(transaction, name, self.changes[name])
        if changed or (transaction.amount, transaction.wallet_id) != before:
            transaction.updated_at = ledger.at
            update_transaction_row(transaction)
        return transaction

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        owner, identifier = owner_of(self.transaction, Transaction, principal), id_so_far(self.transaction)
        return find_txid_holder(owner, self.changes.get("txid"), other_than=identifier)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteTransaction(Command[Transaction]):
    """Delete a transaction, return its amount to the wallet, and return the transaction as it was."""

    name: ClassVar = "transaction.delete"
    scope: ClassVar = "transactions:write"
    model: ClassVar = Transaction

    transaction: Reference

    @classmethod
    def parse(cls, identifier: object) -> Self:
        """Return the command. Raises `NotFound` for an impossible id."""
        return cls(transaction=parse_reference(identifier, what="Transaction"))

    def locks(self) -> Locks:
        return Locks(transaction=self.transaction)

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound`, `TransactionBound`, and `InsufficientFunds` if a credit has been spent."""
        transaction = find_transaction(ledger, self.transaction)
        delete_transaction(ledger, transaction)
        return transaction


def find_transaction(ledger: Ledger, reference: Reference) -> Transaction:
    """Return a transaction in its current state, under the lock of its wallet. Raises `NotFound`."""
    ledger.flush()
    identifier = resolve(reference)
    transactions = within_reach(Transaction.objects.filter(id=identifier), ledger.principal)
    transaction = transactions.select_for_update().first()
    if transaction is None:
        raise errors.not_found("Transaction", identifier)
    if not ledger.has_locked(transaction.wallet_id):
        # It moved, or was created, after its wallet was looked up and before the lock.
        raise Outdated
    return transaction
