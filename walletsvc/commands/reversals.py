"""Reverse transactions and transfers, in whole or in part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks, report_id
from walletsvc.commands.given import arguments_of, parse_given
from walletsvc.commands.holders import find_transfer_holder, find_txid_holder, owner_of, owners_of
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import LocalId, Reference, id_so_far, parse_reference
from walletsvc.commands.transactions import find_transaction
from walletsvc.commands.transfers import find_transfer
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.reversals import reverse_transaction, reverse_transfer
from walletsvc.ledger.writer import blank_transaction
from walletsvc.models import Transaction, Transfer
from walletsvc.principals import Principal
from walletsvc.schema.reversals import TRANSACTION_REVERSAL, TRANSFER_REVERSAL


@dataclass(frozen=True, kw_only=True, slots=True)
class ReverseTransaction(Command[Transaction]):
    """Take back a transaction, or a part of it, by one of the opposite sign in the same wallet."""

    name: ClassVar = "transaction.reverse"
    scope: ClassVar = "transactions:write"
    model: ClassVar = Transaction

    transaction: Reference
    txid: str
    amount: Decimal | None = None
    """How much is taken back. None for all that is left."""
    details: Mapping[str, object] = field(default_factory=dict)
    conditions: Conditions | None = None
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for a `txid`, an `amount`, a `description`, `metadata` and `conditions`.

        It reports the new id to `local_id`. Raises `NotFound` for an impossible id, or all refusals of fields.
        """
        transaction = parse_reference(identifier, what="Transaction")
        given = arguments_of(cls, TRANSACTION_REVERSAL, parse_given(TRANSACTION_REVERSAL, values))
        return cls(transaction=transaction, local_id=local_id, **given)

    def locks(self) -> Locks:
        return Locks(transaction=self.transaction)

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound`, what `reverse_transaction` raises, `ConditionFailed`, and `DuplicateTxid`."""
        original = find_transaction(ledger, self.transaction)
        reversal = blank_transaction()
        reversal.txid, reversal.fingerprint = self.txid, fingerprint_of(self)
        vars(reversal).update(self.details)
        reverse_transaction(ledger, original, reversal, amount=self.amount, conditions=self.conditions)
        report_id(reversal, self.local_id, ledger)
        return reversal

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        # Nothing was created for a transaction that does not exist yet.
        fingerprint = fingerprint_of(self) if id_so_far(self.transaction) else None
        owner = owner_of(self.transaction, Transaction, principal)
        return find_txid_holder(owner, self.txid, fingerprint=fingerprint)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReverseTransfer(Command[Transfer]):
    """Take back a transfer by another, each leg of which reverses one; or a part of it, if it moved one amount."""

    name: ClassVar = "transfer.reverse"
    scope: ClassVar = "transfers:write"
    model: ClassVar = Transfer

    transfer: Reference
    txid: str
    amount: Decimal | None = None
    """How much is taken back. None for all that is left."""
    details: Mapping[str, object] = field(default_factory=dict)
    conditions: Conditions | None = None
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for a `txid`, an `amount`, a `description`, `metadata` and `conditions`.

        It reports the new id to `local_id`. Raises `NotFound` for an impossible id, or all refusals of fields.
        """
        transfer = parse_reference(identifier, what="Transfer")
        given = arguments_of(cls, TRANSFER_REVERSAL, parse_given(TRANSFER_REVERSAL, values))
        return cls(transfer=transfer, local_id=local_id, **given)

    def locks(self) -> Locks:
        return Locks(transfer=self.transfer)

    def apply(self, ledger: Ledger) -> Transfer:
        """Raises `NotFound`, what `reverse_transfer` raises, `ConditionFailed`, and `DuplicateTxid`."""
        original = find_transfer(ledger, self.transfer)
        legs = list(original.legs.order_by("id").select_for_update())
        reversal = Transfer(txid=self.txid, fingerprint=fingerprint_of(self), **self.details)
        reverse_transfer(ledger, original, legs, reversal, amount=self.amount, conditions=self.conditions)
        report_id(reversal, self.local_id, ledger)
        return reversal

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        if isinstance(self.transfer, LocalId):
            # Its legs are gone with it; of their wallets, the owners are still known.
            owners = self.transfer.owners
        else:
            legs = Transaction.objects.filter(transfer_id=self.transfer).order_by("id")
            owners = owners_of(list(legs.values_list("wallet_id", flat=True)), principal)
        txids = [f"{self.txid}.{number}" for number in range(1, len(owners) + 1)]
        fingerprint = fingerprint_of(self) if id_so_far(self.transfer) else None
        return find_transfer_holder(self.txid, owners, txids, fingerprint=fingerprint)
