"""Transfer money between wallets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks, report_id
from walletsvc.commands.given import without_inputs
from walletsvc.commands.holders import find_transfer_holder, owners_of
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import (
    LocalId,
    Reference,
    Refusals,
    id_so_far,
    parse_changes,
    parse_new,
    parse_reference,
    resolve,
)
from walletsvc.commands.legs import Leg, parse_legs, parse_pair
from walletsvc.commands.memories import Memory
from walletsvc.commands.retry import Outdated
from walletsvc.ledger import together
from walletsvc.ledger.guard import check_amount
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.together import Inputs
from walletsvc.ledger.writer import blank_transaction, blank_transfer
from walletsvc.models import Transaction, Transfer
from walletsvc.money import negate
from walletsvc.principals import Principal
from walletsvc.queries.scope import within_reach
from walletsvc.schema.resources import TRANSFER

_PARSED_APART = ("external",)


@dataclass(frozen=True, kw_only=True, slots=True)
class PostTransfer(Command[Transfer]):
    """Move money between two wallets, or among up to 100 and what is outside, all or nothing."""

    name: ClassVar = "transfer.post"
    scope: ClassVar = "transfers:write"
    model: ClassVar = Transfer

    txid: str
    legs: tuple[Leg, ...]
    external: Mapping[str, Decimal] = field(default_factory=dict)
    is_pair: bool = False
    """Whether it was given as a source, a destination and an amount."""
    is_limit: bool = False
    """Whether the pair's amount is moved only as far as it is available."""
    details: Mapping[str, object] = field(default_factory=dict)
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for a `txid`, a `description` and `metadata`, and what is moved: either `source`,
        `destination`, `amount` or `up_to`, and `conditions`, or else `legs` and `external`.

        It reports the new id to `local_id`. Raises what `parse_pair` or `parse_legs` raises, and refusals of the
        other fields, all at once.
        """
        refusals = Refusals()
        own: dict[str, Any] = {}
        moved: dict[str, Any] = {}
        with refusals.collect():
            own = parse_new(TRANSFER, without_inputs(TRANSFER, values), without=_PARSED_APART)
        with refusals.collect():
            if values.get("legs") is None:
                legs, is_limit = parse_pair(values)
                moved = {"legs": legs, "is_pair": True, "is_limit": is_limit}
            else:
                given = [
                    each
                    for each in ("source", "destination", "amount", "up_to", "conditions")
                    if values.get(each) is not None
                ]
                for each in given:
                    refusals.add(errors.Invalid("It is given by the legs.", field=each))
                moved["legs"], moved["external"] = parse_legs(values)
        refusals.raise_if_any()
        return cls(txid=own.pop("txid"), details=own, local_id=local_id, **moved)

    @property
    def shares_commit(self) -> bool:
        return self.local_id is None and not any(isinstance(each.wallet, LocalId) for each in self.legs)

    def locks(self) -> Locks:
        return Locks(wallets=tuple(each.wallet for each in self.legs))

    def apply(self, ledger: Ledger) -> Transfer:
        """Raises `NotFound` for a wallet, `CurrencyMismatch` for a pair, and what `Ledger.transfer` raises."""
        inputs = [self._inputs(place) for place in range(len(self.legs))]
        ids = [resolve(each.wallet) for each in self.legs]
        wallets = ledger.wallets((wallet, each.wallet) for wallet, each in zip(ids, inputs, strict=True))
        amounts = self._amounts_between(wallets) if self.is_pair else [each.amount for each in self.legs]
        transfer = blank_transfer()
        vars(transfer).update(self.details, txid=self.txid, fingerprint=fingerprint_of(self))
        legs = [
            together.Leg(self._leg(txid, wallet_id, amount, leg.description, transfer), leg.conditions, names)
            for txid, wallet_id, amount, leg, names in zip(
                self._txids(), ids, amounts, self.legs, inputs, strict=True
            )
        ]
        ledger.transfer(transfer, legs, self.external)
        report_id(transfer, self.local_id, ledger, wallets=wallets)
        return transfer

    @staticmethod
    def _leg(txid: str, wallet_id: int, amount: Decimal, own: str | None, transfer: Transfer) -> Transaction:
        leg, description = blank_transaction(), transfer.description if own is None else own
        vars(leg).update(txid=txid, wallet_id=wallet_id, amount=amount, description=description, metadata={})
        return leg

    def _amounts_between(self, wallets: Sequence[LockedWallet]) -> list[Decimal]:
        source, destination = wallets
        if source.currency != destination.currency:
            raise errors.CurrencyMismatch(
                "A transfer needs two wallets of the same currency.",
                field="destination",
                currencies=[source.currency, destination.currency],
            )
        amount = self.legs[1].amount
        if self.is_limit:
            check_amount(amount, currency=source.currency, field="up_to")
            # If nothing is available, the guard refuses the whole.
            if 0 < source.available < amount:
                amount = source.available
        return [negate(amount), amount]

    def _inputs(self, place: int) -> Inputs:
        if not self.is_pair:
            base = f"legs.{place}"
            return Inputs(wallet=f"{base}.wallet", amount=f"{base}.amount", conditions=f"{base}.conditions")
        return Inputs(wallet=("source", "destination")[place], amount="up_to" if self.is_limit else "amount")

    def _txids(self) -> list[str]:
        return [f"{self.txid}.{number}" for number in range(1, len(self.legs) + 1)]

    def remember(self, result: Transfer) -> dict[str, object]:
        return {"owner": result.owner, "external": result.external}

    def recall(self, memory: Memory) -> Transfer:
        return Transfer(id=memory.id, txid=self.txid, created_at=memory.at, **self.details, **memory.values)

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        owners = owners_of([each.wallet for each in self.legs], principal)
        # Nothing was created for a wallet that does not exist yet.
        fingerprint = fingerprint_of(self) if all(id_so_far(each.wallet) for each in self.legs) else None
        return find_transfer_holder(self.txid, owners, self._txids(), fingerprint=fingerprint)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeTransfer(Command[Transfer]):
    """Change the description and the metadata of a transfer; all else of it is fixed."""

    name: ClassVar = "transfer.change"
    scope: ClassVar = "transfers:write"
    model: ClassVar = Transfer

    transfer: Reference
    changes: Mapping[str, object]
    refused: errors.WalletError | None = None
    """The refusal of the values, raised once the transfer is known to exist."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Self:
        """Return the command. Raises `NotFound` for an impossible id."""
        transfer = parse_reference(identifier, what="Transfer")
        refusals = Refusals()
        moved = [each.key for each in TRANSFER.inputs if each.key in values]
        for name in moved:
            refusals.add(errors.Immutable(f"The {name} of a transfer never changes.", field=name))
        changes, refused = parse_changes(TRANSFER, without_inputs(TRANSFER, values))
        if refused is not None:
            refusals.add(refused)
        return cls(transfer=transfer, changes=changes, refused=refusals.refusal())

    def locks(self) -> Locks:
        # Not for a decision: the wallets of its legs show it.
        return Locks(transfer=self.transfer)

    def apply(self, ledger: Ledger) -> Transfer:
        """Raises `NotFound` and refusals of fields."""
        transfer = find_transfer(ledger, self.transfer)
        if self.refused is not None:
            raise self.refused
        changed = [name for name, value in self.changes.items() if getattr(transfer, name) != value]
        if changed:
            for name in changed:
                setattr(transfer, name, self.changes[name])
            transfer.save(update_fields=changed)
        return transfer


def find_transfer(ledger: Ledger, reference: Reference) -> Transfer:
    """Return a transfer in its current state, under the lock of its legs' wallets. Raises `NotFound`."""
    ledger.flush()
    identifier = resolve(reference)
    transfer = within_reach(Transfer.objects.filter(id=identifier), ledger.principal).first()
    if transfer is None:
        raise errors.not_found("Transfer", identifier)
    if not all(map(ledger.has_locked, transfer.legs.values_list("wallet_id", flat=True))):
        raise Outdated
    return transfer
