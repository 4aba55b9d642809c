"""Transfer money between wallets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks
from walletsvc.commands.holders import find_transfer_holder
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import LocalId, Refusals, id_so_far, resolve
from walletsvc.commands.legs import MAX_LEGS, Leg, parse_legs, parse_pair
from walletsvc.ledger import together
from walletsvc.ledger.guard import check_amount
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.locked_wallets import LockedWallet
from walletsvc.ledger.together import Inputs
from walletsvc.models import Transaction, Transfer
from walletsvc.models.columns import MAX_TEXT_LENGTH
from walletsvc.money import negate
from walletsvc.principals import Principal
from walletsvc.schema.types import Metadata, Name, Text

MAX_TXID_LENGTH = MAX_TEXT_LENGTH - len(f".{MAX_LEGS}")
"""The txid of each leg must fit as well."""


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
        `destination` and `amount` or `up_to`, or else `legs` and `external`.

        It reports the new id to `local_id`. Raises what `parse_pair` or `parse_legs` raises, and refusals of the
        other fields, all at once.
        """
        refusals = Refusals()
        txid = ""
        moved: dict[str, Any] = {}
        details: dict[str, object] = {}
        with refusals.collect():
            txid = Name(MAX_TXID_LENGTH).parse(values.get("txid"), field="txid")
        with refusals.collect():
            if values.get("legs") is None:
                legs, is_limit = parse_pair(values)
                moved = {"legs": legs, "is_pair": True, "is_limit": is_limit}
            else:
                given = [
                    each for each in ("source", "destination", "amount", "up_to") if values.get(each) is not None
                ]
                for each in given:
                    refusals.add(errors.Invalid("It is given by the legs.", field=each))
                moved["legs"], moved["external"] = parse_legs(values)
        for name, kind in (("description", Text()), ("metadata", Metadata())):
            with refusals.collect():
                details[name] = kind.parse(values[name], field=name) if name in values else kind.default()
        refusals.raise_if_any()
        return cls(txid=txid, details=details, local_id=local_id, **moved)

    def locks(self) -> Locks:
        return Locks(wallets=tuple(each.wallet for each in self.legs))

    def apply(self, ledger: Ledger) -> Transfer:
        """Raises `NotFound` for a wallet, `CurrencyMismatch` for a pair, and what `Ledger.transfer` raises."""
        inputs = [self._inputs(place) for place in range(len(self.legs))]
        ids = [resolve(each.wallet) for each in self.legs]
        wallets = ledger.wallets((wallet, each.wallet) for wallet, each in zip(ids, inputs, strict=True))
        amounts = self._amounts_between(wallets) if self.is_pair else [each.amount for each in self.legs]
        transfer = Transfer(txid=self.txid, fingerprint=fingerprint_of(self), **self.details)
        legs = [
            together.Leg(
                Transaction(
                    txid=txid,
                    wallet_id=wallet_id,
                    amount=amount,
                    description=transfer.description if leg.description is None else leg.description,
                ),
                leg.conditions,
                names,
            )
            for txid, wallet_id, amount, leg, names in zip(
                self._txids(), ids, amounts, self.legs, inputs, strict=True
            )
        ]
        ledger.transfer(transfer, legs, self.external)
        if self.local_id is not None:
            ledger.flush(send=True)
            self.local_id.id, self.local_id.owner = transfer.id, transfer.owner
        return transfer

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

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        legs = [(leg.wallet, txid) for leg, txid in zip(self.legs, self._txids(), strict=True)]
        # Nothing was created for a wallet that does not exist yet.
        fingerprint = fingerprint_of(self) if all(id_so_far(each.wallet) for each in self.legs) else None
        return find_transfer_holder(self.txid, legs, principal, fingerprint=fingerprint)
