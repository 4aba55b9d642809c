"""Post, amend and delete transactions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Self

from walletsvc import errors, money
from walletsvc.commands.command import Command, Locks, check_names
from walletsvc.commands.inputs import (
    UNSET,
    LocalId,
    Reference,
    Refusals,
    id_so_far,
    parse_description,
    parse_metadata,
    parse_name,
    parse_reference,
    resolve,
)
from walletsvc.commands.retry import Outdated
from walletsvc.ledger.ledger import ZERO, Ledger
from walletsvc.ledger.writer import blank_transaction, update_transaction_row
from walletsvc.models import Transaction
from walletsvc.principals import Principal
from walletsvc.queries.scope import within_reach

_FIELDS = ("txid", "wallet", "amount", "description", "metadata")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostTransaction(Command[Transaction]):
    """Post a transaction to a wallet."""

    name: ClassVar = "transaction.post"
    scope: ClassVar = "transactions:write"

    txid: str
    wallet: Reference
    amount: Decimal
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for a `txid`, a `wallet`, an `amount`, and perhaps a `description` and `metadata`.

        It tells `local_id` the id. Raises refusals of fields and amounts, and `NotFound` for an id of a wallet that
        cannot be one.
        """
        check_names(values, *_FIELDS)
        refusals = Refusals()
        wallet: Reference = 0
        txid, amount, description, metadata = "", ZERO, "", {}
        with refusals.collect():
            txid = parse_name(values.get("txid", UNSET), field="txid")
        with refusals.collect():
            amount = parse_change(values.get("amount"))
        with refusals.collect():
            wallet = parse_reference(values.get("wallet", UNSET), what="Wallet", field="wallet")
        with refusals.collect():
            description = parse_description(values.get("description", UNSET))
        with refusals.collect():
            metadata = parse_metadata(values.get("metadata", UNSET))
        refusals.raise_if_any()
        return cls(
            txid=txid, wallet=wallet, amount=amount, description=description, metadata=metadata, local_id=local_id
        )

    @property
    def shares_commit(self) -> bool:
        return self.local_id is None and not isinstance(self.wallet, LocalId)

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,))

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound` for the wallet, what the guard raises, and `DuplicateTxid`."""
        transaction = blank_transaction()
        transaction.txid, transaction.wallet_id, transaction.amount = self.txid, resolve(self.wallet), self.amount
        transaction.description, transaction.metadata = self.description, self.metadata
        ledger.post(transaction)
        if self.local_id is not None:
            ledger.flush(send=True)
            self.local_id.id = transaction.id
        return transaction

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return find_txid_holder(principal, self.txid)


@dataclass(frozen=True, kw_only=True, slots=True)
class AmendTransaction(Command[Transaction]):
    """Amend a transaction, move it to another wallet, or change its texts."""

    name: ClassVar = "transaction.amend"
    scope: ClassVar = "transactions:write"

    transaction: Reference
    amount: Decimal | None = None
    wallet: Reference | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    refused: errors.WalletError | None = None
    """What is wrong with the values, to be told once it is known that the transaction is there."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Self:
        """Return the command for the fields that are to change. Raises `NotFound` for an id that cannot be one."""
        check_names(values, *_FIELDS)
        transaction = parse_reference(identifier, what="Transaction")
        refusals = Refusals()
        changes: dict[str, object] = {}
        amount: Decimal | None = None
        wallet: Reference | None = None
        with refusals.collect():
            if "txid" in values:
                changes["txid"] = parse_name(values["txid"], field="txid")
        with refusals.collect():
            if "amount" in values:
                amount = parse_change(values["amount"])
        with refusals.collect():
            if "wallet" in values:
                wallet = parse_reference(values["wallet"], what="Wallet", field="wallet")
        with refusals.collect():
            if "description" in values:
                changes["description"] = parse_description(values["description"])
        with refusals.collect():
            if "metadata" in values:
                changes["metadata"] = parse_metadata(values["metadata"])
        return cls(transaction=transaction, amount=amount, wallet=wallet, changes=changes, refused=refusals.refusal())

    def locks(self) -> Locks:
        return Locks(wallets=() if self.wallet is None else (self.wallet,), transaction=self.transaction)

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound`, refusals of fields, `CurrencyMismatch`, what the guard raises, and `DuplicateTxid`."""
        transaction = find_transaction(ledger, self.transaction)
        if self.refused is not None:
            raise self.refused
        before = (transaction.amount, transaction.wallet_id)
        ledger.amend(
            transaction,
            amount=transaction.amount if self.amount is None else self.amount,
            wallet_id=transaction.wallet_id if self.wallet is None else resolve(self.wallet),
        )
        changed = [name for name, value in self.changes.items() if getattr(transaction, name) != value]
        if "txid" in changed:
            ledger.names.take_txid(str(self.changes["txid"]))
            ledger.names.give_up(txids=[transaction.txid])
        for name in changed:
            setattr(transaction, name, self.changes[name])
        if changed or (transaction.amount, transaction.wallet_id) != before:
            transaction.updated_at = ledger.at
            update_transaction_row(transaction)
        return transaction

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return find_txid_holder(principal, self.changes.get("txid"), other_than=id_so_far(self.transaction))


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteTransaction(Command[Transaction]):
    """Delete a transaction, give its amount back, and return it as it was."""

    name: ClassVar = "transaction.delete"
    scope: ClassVar = "transactions:write"

    transaction: Reference

    @classmethod
    def parse(cls, identifier: object) -> Self:
        """Return the command. Raises `NotFound` for an id that cannot be one."""
        return cls(transaction=parse_reference(identifier, what="Transaction"))

    def locks(self) -> Locks:
        return Locks(transaction=self.transaction)

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound`, and `InsufficientFunds` where a credit has been spent."""
        transaction = find_transaction(ledger, self.transaction)
        ledger.give_back(transaction)
        return transaction


def parse_change(amount: object) -> Decimal:
    """Return the amount of a transaction. Raises what `parse_amount` raises, and `InvalidAmount` for zero."""
    parsed = money.parse_amount(amount)
    if not parsed:
        raise errors.InvalidAmount("The amount of a transaction is not zero.", field="amount")
    return parsed


def find_transaction(ledger: Ledger, reference: Reference) -> Transaction:
    """Return a transaction as it is now that its wallet is locked. Raises `NotFound`."""
    ledger.flush()
    identifier = resolve(reference)
    transactions = within_reach(Transaction.objects.filter(id=identifier), ledger.principal)
    transaction = transactions.select_for_update().first()
    if transaction is None:
        raise errors.not_found("Transaction", identifier)
    if not ledger.has_locked(transaction.wallet_id):
        # It moved, or came into being, between the look for its wallet and the lock.
        raise Outdated
    return transaction


def find_txid_holder(principal: Principal, txid: object, *, other_than: int = 0) -> errors.DuplicateTxid | None:
    """Return the refusal of a txid that a transaction has, unless that is the one with the id `other_than`.

    It names the holder if the principal can see it.
    """
    holder = Transaction.objects.filter(txid=txid).exclude(id=other_than).values_list("id", "wallet__owner").first()
    if holder is None:
        return None
    visible = principal.owner is None or holder[1] == principal.owner
    context = {"transaction": holder[0]} if visible else {}
    return errors.DuplicateTxid("Another transaction has this txid.", field="txid", **context)
