"""Transfer money between wallets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, Self

from walletsvc import errors, money
from walletsvc.commands.command import Command, Locks, check_names
from walletsvc.commands.inputs import UNSET, Refusals, parse_description, parse_id, parse_metadata, parse_name
from walletsvc.commands.transactions import find_txid_holder, parse_change
from walletsvc.ledger.ledger import ZERO, Ledger
from walletsvc.models import Transaction
from walletsvc.models.entry import Kind
from walletsvc.principals import Principal


@dataclass(frozen=True, slots=True)
class Transfer:
    """Two transactions that happened together: out of one wallet, into another."""

    debit: Transaction
    credit: Transaction


@dataclass(frozen=True, kw_only=True, slots=True)
class PostTransfer(Command[Transfer]):
    """Move a positive amount from one wallet to another of the same currency."""

    name: ClassVar = "transfer.post"
    scope: ClassVar = "transactions:write"

    debit_txid: str
    credit_txid: str
    source: int
    destination: int
    amount: Decimal
    description: str = ""
    metadata: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """Return the command for a `txid`, a `source`, a `destination`, an `amount`, and the texts of transactions.

        The txids of both transactions are `txid` with `.out` and `.in` behind it. Raises what
        `PostTransaction.parse` raises, `InvalidAmount` unless the amount is positive, and `Invalid` for one wallet
        twice.
        """
        check_names(values, "txid", "source", "destination", "amount", "description", "metadata")
        refusals = Refusals()
        name, amount, source, destination, description, metadata = "", ZERO, 0, 0, "", {}
        with refusals.collect():
            name = parse_name(values.get("txid", UNSET), field="txid")
            parse_name(f"{name}.out", field="txid")
        with refusals.collect():
            amount = parse_change(values.get("amount"))
            if amount < 0:
                raise errors.InvalidAmount("The amount of a transfer is positive.", field="amount")
        with refusals.collect():
            source = parse_id(values.get("source"), what="Wallet", field="source")
        with refusals.collect():
            destination = parse_id(values.get("destination"), what="Wallet", field="destination")
        with refusals.collect():
            description = parse_description(values.get("description", UNSET))
        with refusals.collect():
            metadata = parse_metadata(values.get("metadata", UNSET))
        refusals.raise_if_any()
        if source == destination:
            raise errors.Invalid("A transfer takes two wallets.", field="destination")
        return cls(
            debit_txid=f"{name}.out",
            credit_txid=f"{name}.in",
            source=source,
            destination=destination,
            amount=amount,
            description=description,
            metadata=metadata,
        )

    def locks(self) -> Locks:
        return Locks(wallets=(self.source, self.destination))

    def apply(self, ledger: Ledger) -> Transfer:
        """Raises `NotFound` for a wallet, `CurrencyMismatch`, what the guard raises, and `DuplicateTxid`."""
        source = ledger.wallet(self.source, field="source")
        destination = ledger.wallet(self.destination, field="destination")
        if source.currency != destination.currency:
            raise errors.CurrencyMismatch(
                "A transfer takes two wallets of one currency.",
                field="destination",
                currencies=[source.currency, destination.currency],
            )
        debit = self._leg(self.debit_txid, self.source, money.negate(self.amount))
        credit = self._leg(self.credit_txid, self.destination, self.amount)
        ledger.post(debit, kind=Kind.TRANSFER_OUT)
        ledger.post(credit, kind=Kind.TRANSFER_IN)
        return Transfer(debit=debit, credit=credit)

    def _leg(self, txid: str, wallet_id: int, amount: Decimal) -> Transaction:
        texts = {"description": self.description, "metadata": self.metadata}
        return Transaction(txid=txid, wallet_id=wallet_id, amount=amount, **texts)

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        return find_txid_holder(principal, self.debit_txid) or find_txid_holder(principal, self.credit_txid)
