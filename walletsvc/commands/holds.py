"""Create, change and release holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks, report_id
from walletsvc.commands.given import arguments_of, parse_given, without_inputs
from walletsvc.commands.holders import find_hold_holder, owner_of
from walletsvc.commands.idempotency import fingerprint_of
from walletsvc.commands.inputs import (
    LocalId,
    Reference,
    Refusals,
    id_so_far,
    parse_changes,
    parse_reference,
    resolve,
)
from walletsvc.commands.retry import Outdated
from walletsvc.ledger import hold_rules
from walletsvc.ledger.conditions import Conditions
from walletsvc.ledger.hold_writer import write_next_expiry
from walletsvc.ledger.holds import (
    check_expiry,
    create_hold,
    expect_expiry,
    release_hold,
    resize_hold,
)
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.writer import blank_hold
from walletsvc.models import Hold, Wallet
from walletsvc.principals import Principal
from walletsvc.schema.captures import RELEASE
from walletsvc.schema.resources import HOLD


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateHold(Command[Hold]):
    """Set an amount of a wallet's money aside for a later capture."""

    name: ClassVar = "hold.create"
    scope: ClassVar = "holds:write"
    model: ClassVar = Hold

    txid: str
    wallet: Reference
    amount: Decimal
    destination: Reference | None = None
    expires_at: datetime | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    conditions: Conditions | None = None
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for the values of a hold, by their fields' Python names, and its `conditions`.

        It reports the new id to `local_id`. Raises refusals of fields, amounts and conditions, and `NotFound` for an
        impossible id of a wallet.
        """
        given = arguments_of(cls, HOLD, parse_given(HOLD, values))
        if given["destination"] == given["wallet"]:
            raise errors.Invalid("The destination is another wallet.", field="destination")
        return cls(local_id=local_id, **given)

    @property
    def shares_commit(self) -> bool:
        wallets = self.locks().wallets
        return self.local_id is None and not any(isinstance(each, LocalId) for each in wallets)

    @property
    def shares_in_batch(self) -> bool:
        return False

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,) if self.destination is None else (self.wallet, self.destination))

    def apply(self, ledger: Ledger) -> Hold:
        """Raises what `create_hold` raises."""
        hold = blank_hold()
        vars(hold).update(
            self.details,
            txid=self.txid,
            wallet_id=resolve(self.wallet),
            destination_id=None if self.destination is None else resolve(self.destination),
            amount=self.amount,
            expires_at=self.expires_at,
            fingerprint=fingerprint_of(self),
        )
        create_hold(ledger, hold, conditions=self.conditions)
        pair = () if self.destination is None else map(ledger.locked, map(resolve, self.locks().wallets))
        report_id(hold, self.local_id, ledger, wallets=pair)
        return hold

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        is_known = all(id_so_far(each) for each in self.locks().wallets)
        # Nothing was created for a wallet that does not exist yet.
        fingerprint = fingerprint_of(self) if is_known else None
        return find_hold_holder(owner_of(self.wallet, Wallet, principal), self.txid, fingerprint=fingerprint)


@dataclass(frozen=True, kw_only=True, slots=True)
class UpdateHold(Command[Hold]):
    """Change the amount of an open hold, its end, or its texts."""

    name: ClassVar = "hold.update"
    scope: ClassVar = "holds:write"
    model: ClassVar = Hold

    hold: Reference
    amount: Decimal | None = None
    changes: Mapping[str, object] = field(default_factory=dict)
    """Its end and its texts, by column."""
    refused: errors.WalletError | None = None
    """The refusal of the values, raised once the hold is known to exist."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Self:
        """Return the command for the fields to change. Raises `NotFound` for an impossible id."""
        hold = parse_reference(identifier, what="Hold")
        refusals = Refusals()
        parsed, refused = parse_changes(HOLD, without_inputs(HOLD, values))
        if refused is not None:
            refusals.add(refused)
        if "conditions" in values:
            refusals.add(errors.Invalid("Only a new hold takes conditions.", field="conditions"))
        return cls(
            hold=hold, amount=parsed.get("amount"), changes=HOLD.details_of(parsed), refused=refusals.refusal()
        )

    def locks(self) -> Locks:
        return Locks(hold=self.hold)

    def apply(self, ledger: Ledger) -> Hold:
        """Raises `NotFound`, refusals of fields, `HoldClosed`, `Invalid` for an end that is not in the future, and
        what `resize_hold` raises."""
        hold = find_hold(ledger, self.hold, afresh=True)
        if self.refused is not None:
            raise self.refused
        wallet = ledger.wallet(hold.wallet_id)
        hold_rules.check_open(hold)
        changed = [name for name, value in self.changes.items() if getattr(hold, name) != value]
        if "expires_at" in changed:
            expires_at: Any = self.changes["expires_at"]
            check_expiry(ledger, expires_at)
        if self.amount is not None:
            resize_hold(ledger, hold, self.amount)
        for name in changed:
            setattr(hold, name, self.changes[name])
        if changed:
            hold.updated_at = ledger.at
            hold.save(update_fields=[*changed, "updated_at"])
        if "expires_at" in changed and expect_expiry(wallet, hold.expires_at):
            write_next_expiry(wallet)
        return hold


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseHold(Command[Hold]):
    """Give money that a hold has set aside back to its wallet."""

    name: ClassVar = "hold.release"
    scope: ClassVar = "holds:write"
    model: ClassVar = Hold

    hold: Reference
    amount: Decimal | None = None
    """None for all that remains."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for an `amount`, if there is one. Raises its refusal, and `NotFound` for an impossible
        id of the hold. It creates nothing, so it has no use for `local_id`."""
        hold = parse_reference(identifier, what="Hold")
        return cls(hold=hold, amount=parse_given(RELEASE, values).get("amount"))

    def locks(self) -> Locks:
        return Locks(hold=self.hold)

    def apply(self, ledger: Ledger) -> Hold:
        """Raises `NotFound`, and what `release_hold` raises."""
        hold = find_hold(ledger, self.hold, afresh=True)
        release_hold(ledger, hold, self.amount)
        return hold


def find_hold(ledger: Ledger, reference: Reference, *, afresh: bool = False) -> Hold:
    """Return a hold under the lock of its wallet. Raises `NotFound`."""
    hold = ledger.find_hold(resolve(reference), afresh=afresh)
    if not ledger.has_locked(hold.wallet_id):
        # It was created after it was looked up and before the lock.
        raise Outdated
    return hold
