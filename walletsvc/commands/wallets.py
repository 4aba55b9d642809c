"""Open, rename and close wallets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Self

from walletsvc import errors
from walletsvc.commands.command import Command, Locks
from walletsvc.commands.holders import find_label_holder, owner_of
from walletsvc.commands.inputs import (
    LocalId,
    Reference,
    id_so_far,
    parse_changes,
    parse_new,
    parse_reference,
    resolve,
)
from walletsvc.ledger.ledger import Ledger
from walletsvc.ledger.wallet_changes import change_settings, delete_wallet
from walletsvc.models import Wallet
from walletsvc.models.wallet import State
from walletsvc.money import ZERO
from walletsvc.principals import Principal
from walletsvc.schema.resources import WALLET


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenWallet(Command[Wallet]):
    """Open a wallet, optionally with an opening balance."""

    name: ClassVar = "wallet.open"
    scope: ClassVar = "wallets:write"
    model: ClassVar = Wallet

    label: str
    currency: str
    balance: Decimal = ZERO
    owner: str | None = None
    """None if not given."""
    details: Mapping[str, object] = field(default_factory=dict)
    """Fields that no rule uses (`Resource.details`), by column."""
    local_id: LocalId | None = None

    @classmethod
    def parse(cls, values: Mapping[str, object], *, local_id: LocalId | None = None) -> Self:
        """Return the command for the values of a wallet, by their fields' Python names.

        The currency is `settings.DEFAULT_CURRENCY` unless given, the owner that of the caller. The command reports
        the new id to `local_id`. Raises refusals of fields and amounts.
        """
        parsed = parse_new(WALLET, values)
        return cls(
            label=parsed["label"],
            currency=parsed["currency"],
            balance=parsed["balance"],
            owner=parsed["owner"] if "owner" in values else None,
            details=WALLET.details_of(parsed),
            local_id=local_id,
        )

    def locks(self) -> Locks:
        return Locks()

    def apply(self, ledger: Ledger) -> Wallet:
        """Raises `InsufficientFunds` for a negative balance, `DuplicateLabel`, and `Invalid` for an owner that a
        caller bound to one has given."""
        if self.owner is not None and ledger.principal.owner is not None:
            raise errors.Invalid("Wallet has no attribute 'owner'.", field="owner")
        owner = self._owner_for(ledger.principal)
        wallet = Wallet(label=self.label, currency=self.currency, owner=owner, **self.details)
        ledger.open_wallet(wallet, opening=self.balance)
        if self.local_id is not None:
            self.local_id.id, self.local_id.owner = wallet.id, wallet.owner
        return wallet

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return find_label_holder(self._owner_for(principal), self.label)

    def _owner_for(self, principal: Principal) -> str:
        return (self.owner or "") if principal.owner is None else principal.owner


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeWallet(Command[Wallet]):
    """Change a wallet's label and its details, or its settings: its floor and its state."""

    name: ClassVar = "wallet.change"
    scope: ClassVar = "wallets:write"
    model: ClassVar = Wallet

    wallet: Reference
    changes: Mapping[str, object]
    floor: Decimal | None = None
    state: State | None = None
    refused: errors.WalletError | None = None
    """The refusal of the values, raised once the wallet is known to exist."""

    @classmethod
    def parse(cls, identifier: object, values: Mapping[str, object]) -> Self:
        """Return the command. Raises `NotFound` for an impossible id."""
        wallet = parse_reference(identifier, what="Wallet")
        parsed, refused = parse_changes(WALLET, values)
        names = {"label": parsed["label"]} if "label" in parsed else {}
        return cls(
            wallet=wallet,
            changes=names | WALLET.details_of(parsed),
            floor=parsed.get("floor"),
            state=parsed.get("state"),
            refused=refused,
        )

    @property
    def needed_scope(self) -> str:
        # Settings decide what others can do with the wallet's money.
        return self.scope if self.floor is None and self.state is None else "admin"

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,))

    def apply(self, ledger: Ledger) -> Wallet:
        """Raises `NotFound`, `WalletClosed`, refusals of fields, `Immutable` for a balance or currency,
        `DuplicateLabel`, and what `change_settings` raises."""
        wallet_id = resolve(self.wallet)
        ledger.wallet(wallet_id)
        if self.refused is not None:
            raise self.refused
        ledger.flush()
        wallet = Wallet.objects.get(id=wallet_id)
        ledger.show(wallet)
        change_settings(ledger, wallet, floor=self.floor, state=self.state)
        changed = [name for name, value in self.changes.items() if getattr(wallet, name) != value]
        if "label" in changed:
            ledger.names.take_label(wallet.owner, str(self.changes["label"]))
            ledger.names.give_up(wallet.owner, labels=[wallet.label])
        if changed:
            for name in changed:
                setattr(wallet, name, self.changes[name])
            wallet.updated_at = ledger.at
            wallet.save(update_fields=[*changed, "updated_at"])
        return wallet

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        owner = owner_of(self.wallet, Wallet, principal)
        return find_label_holder(owner, self.changes.get("label"), other_than=id_so_far(self.wallet))


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteWallet(Command[Wallet]):
    """Delete an empty wallet with its transactions, and return it as it was; its entries stay."""

    name: ClassVar = "wallet.delete"
    scope: ClassVar = "wallets:write"
    model: ClassVar = Wallet

    wallet: Reference

    @classmethod
    def parse(cls, identifier: object) -> Self:
        """Return the command. Raises `NotFound` for an impossible id."""
        return cls(wallet=parse_reference(identifier, what="Wallet"))

    def locks(self) -> Locks:
        return Locks(wallets=(self.wallet,))

    def apply(self, ledger: Ledger) -> Wallet:
        """Raises `NotFound`, `WalletNotEmpty`, or `TransactionBound` for one with holds, transfers or reversals."""
        wallet_id = resolve(self.wallet)
        ledger.wallet(wallet_id)
        ledger.flush()
        wallet = Wallet.objects.get(id=wallet_id)
        delete_wallet(ledger, wallet_id)
        return wallet
