"""Capture holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks, report_id
from walletsvc.commands.given import arguments_of, parse_given
from walletsvc.commands.holders import find_transfer_holder, find_txid_holder, owner_of, owners_of
from walletsvc.commands.holds import find_hold
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import LocalId, Reference, id_so_far, parse_reference, resolve
from walletsvc.commands.memories import Memory
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.holds import capture_hold, leg_txid
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.writer import blank_transaction
from walletsvc.models import Hold, Transaction
from walletsvc.principals import Principal
from walletsvc.schema.captures import CAPTURE


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptureHold(Command[Transaction]):
    """Take money that a hold has set aside: out of its wallet, or to the hold's destination."""

    name: ClassVar = "hold.capture"
    scope: ClassVar = "holds:write"
    model: ClassVar = Transaction

    hold: Reference
    txid: str
    amount: Decimal | None = None
    """None for all that remains."""
    is_final: bool = False
    allow_excess: bool = False
    details: Mapping[str, object] = field(default_factory=dict)
    conditions: Conditions | None = None
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for the values of a capture, by their fields' Python names.

        It reports the new id to `local_id`. Raises all refusals of fields at once, and `NotFound` for an impossible
        id of the hold.
        """
        hold = parse_reference(identifier, what="Hold")
        given = arguments_of(cls, CAPTURE, parse_given(CAPTURE, values))
        return cls(hold=hold, local_id=local_id, **given)

    @property
    def shares_commit(self) -> bool:
        return self.local_id is None and not isinstance(self.hold, LocalId)

    @property
    def shares_in_batch(self) -> bool:
        return False

    def locks(self) -> Locks:
        return Locks(hold=self.hold)

    def apply(self, ledger: Ledger) -> Transaction:
        """Raises `NotFound`, and what `capture_hold` raises."""
        hold = find_hold(ledger, self.hold)
        captured = self._transaction()
        captured.fingerprint = fingerprint_of(self)
        capture_hold(
            ledger,
            hold,
            captured,
            self.amount,
            is_final=self.is_final,
            allow_excess=self.allow_excess,
            conditions=self.conditions,
        )
        report_id(captured, self.local_id, ledger)
        return captured

    def _transaction(self) -> Transaction:
        transaction = blank_transaction()
        transaction.txid = self.txid
        vars(transaction).update(self.details)
        return transaction

    def remember(self, result: Transaction) -> dict[str, object]:
        return {
            "wallet_id": result.wallet_id,
            "amount": str(result.amount),
            "currency": result.currency,
            "owner": result.owner,
        }

    def recall(self, memory: Memory) -> Transaction:
        transaction = self._transaction()
        transaction.id = memory.id
        vars(transaction).update(memory.values)
        transaction.amount = Decimal(memory.values["amount"])
        transaction.created_at = transaction.updated_at = memory.at
        transaction.hold_id = resolve(self.hold)
        # Captures belong to their transfer for good, and are never deleted.
        stored = Transaction.objects.filter(id=memory.id)
        transaction.transfer_id = stored.values_list("transfer_id", flat=True).first()
        return transaction

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        # Nothing was captured of a hold that does not exist yet.
        fingerprint = fingerprint_of(self) if id_so_far(self.hold) else None
        found = find_txid_holder(owner_of(self.hold, Hold, principal), self.txid, fingerprint=fingerprint)
        if found is not None:
            return found
        if isinstance(self.hold, LocalId):
            # It is gone; of its wallets, the owners are still known.
            owners = self.hold.owners
        else:
            holds = Hold.objects.filter(id=self.hold, destination__isnull=False)
            pair = holds.values_list("wallet_id", "destination_id").first()
            owners = owners_of(pair or (), principal)
        return find_transfer_holder(self.txid, owners, (self.txid, leg_txid(self.txid))[: len(owners)])
