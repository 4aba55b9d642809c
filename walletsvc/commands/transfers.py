"""Transfer money between wallets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Self

from walletsvc import errors, money
from walletsvc.commands.command import Command, Locks
from walletsvc.commands.holders import find_txid_holder, owner_of
from walletsvc.commands.inputs import Refusals, parse_id, parse_new
from walletsvc.ledger.ledger import Ledger
from walletsvc.models import Transaction, Wallet
from walletsvc.models.columns import MAX_TEXT_LENGTH
from walletsvc.models.entry import Kind
from walletsvc.principals import Principal
from walletsvc.schema.resources import TRANSACTION
from walletsvc.schema.values import parse_name

_OUT, _IN = ".out", ".in"
"""These distinguish the txids of the two transactions."""


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
    details: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def parse(cls, values: Mapping[str, object]) -> Self:
        """Return the command for a `txid`, a `source`, a `destination`, an `amount`, and the texts of transactions.

        The two transactions get `txid` with `.out` and `.in` appended. Raises what `PostTransaction.parse` raises,
        `InvalidAmount` unless the amount is positive, and `Invalid` if both wallets are the same.
        """
        refusals = Refusals()
        name, source, destination = "", 0, 0
        parsed: dict[str, Any] = {}
        of_both = {each: value for each, value in values.items() if each not in ("source", "destination")}
        with refusals.collect():
            name = parse_name(values.get("txid"), field="txid", max_length=MAX_TEXT_LENGTH - len(_OUT))
        with refusals.collect():
            parsed = parse_new(TRANSACTION, of_both, without=("txid", "wallet"))
            if parsed["amount"] < 0:
                raise errors.InvalidAmount("The amount of a transfer must be positive.", field="amount")
        with refusals.collect():
            source = parse_id(values.get("source"), what="Wallet", field="source")
        with refusals.collect():
            destination = parse_id(values.get("destination"), what="Wallet", field="destination")
        refusals.raise_if_any()
        if source == destination:
            raise errors.Invalid("A transfer needs two different wallets.", field="destination")
        return cls(
            debit_txid=f"{name}{_OUT}",
            credit_txid=f"{name}{_IN}",
            source=source,
            destination=destination,
            amount=parsed["amount"],
            details=TRANSACTION.details_of(parsed),
        )

    def locks(self) -> Locks:
        return Locks(wallets=(self.source, self.destination))

    def apply(self, ledger: Ledger) -> Transfer:
        """Raises `NotFound` for a wallet, `CurrencyMismatch`, what the guard raises, and `DuplicateTxid`."""
        source = ledger.wallet(self.source, field="source")
        destination = ledger.wallet(self.destination, field="destination")
        if source.currency != destination.currency:
            raise errors.CurrencyMismatch(
                "A transfer needs two wallets of the same currency.",
                field="destination",
                currencies=[source.currency, destination.currency],
            )
        debit = self._leg(self.debit_txid, self.source, money.negate(self.amount))
        credit = self._leg(self.credit_txid, self.destination, self.amount)
        ledger.post(debit, kind=Kind.TRANSFER_OUT)
        ledger.post(credit, kind=Kind.TRANSFER_IN)
        return Transfer(debit=debit, credit=credit)

    def _leg(self, txid: str, wallet_id: int, amount: Decimal) -> Transaction:
        return Transaction(txid=txid, wallet_id=wallet_id, amount=amount, **self.details)

    def find_duplicate(self, principal: Principal) -> errors.WalletError | None:
        debit = find_txid_holder(owner_of(self.source, Wallet, principal), self.debit_txid)
        return debit or find_txid_holder(owner_of(self.destination, Wallet, principal), self.credit_txid)
