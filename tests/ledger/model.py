"""The rules of the ledger in plain Python, as the reference for the commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from walletsvc.principals import Principal

SCALES = {"USD": 2, "JPY": 0}


class Refused(Exception):
    """The operation must be refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Line = tuple[str, Decimal, Decimal, str]
"""Kind, amount, balance after, txid."""


@dataclass
class ModelWallet:
    label: str
    currency: str
    owner: str
    lines: list[Line] = field(default_factory=list)

    @property
    def balance(self) -> Decimal:
        return sum((line[1] for line in self.lines), Decimal(0))


@dataclass
class ModelTransaction:
    txid: str
    wallet: int
    amount: Decimal
    owner: str
    is_leg: bool = False


class Model:
    """Wallets and transactions by id. Operations only check, and raise `Refused`; `apply_…` makes them happen."""

    def __init__(self) -> None:
        self.wallets: dict[int, ModelWallet] = {}
        self.transactions: dict[int, ModelTransaction] = {}
        self.closed: dict[int, ModelWallet] = {}
        self.transfers: set[tuple[str, str]] = set()
        """The owner and the txid of each."""

    # -- rules -----------------------------------------------------------------------------------------------

    def wallet(self, identifier: int, principal: Principal) -> ModelWallet:
        wallet = self.wallets.get(identifier)
        if wallet is None or principal.owner not in (None, wallet.owner):
            raise Refused("not_found")
        return wallet

    def transaction(self, identifier: int, principal: Principal) -> ModelTransaction:
        transaction = self.transactions.get(identifier)
        if transaction is None:
            raise Refused("not_found")
        self.wallet(transaction.wallet, principal)
        return transaction

    def check_label(self, owner: str, label: str, *, of: int | None = None) -> None:
        others = (wallet for identifier, wallet in self.wallets.items() if identifier != of)
        if any((wallet.owner, wallet.label) == (owner, label) for wallet in others):
            raise Refused("duplicate_label")

    def check_txid(self, owner: str, txid: str, *, of: int | None = None) -> None:
        others = (each for identifier, each in self.transactions.items() if identifier != of)
        if any((each.owner, each.txid) == (owner, txid) for each in others):
            raise Refused("duplicate_txid")

    @staticmethod
    def check_amount(amount: Decimal) -> None:
        if not amount:
            raise Refused("invalid_amount")

    @staticmethod
    def check_scale(amount: Decimal, currency: str) -> None:
        if amount != round(amount, SCALES[currency]):
            raise Refused("scale_exceeded")

    @staticmethod
    def check_funds(balance: Decimal, change: Decimal) -> None:
        if balance + change < 0:
            raise Refused("insufficient_funds")

    # -- operations ------------------------------------------------------------------------------------------

    def open_wallet(self, principal: Principal, label: str, currency: str, opening: Decimal) -> None:
        self.check_scale(opening, currency)
        self.check_label(principal.owner or "", label)
        self.check_funds(Decimal(0), opening)

    def post(self, principal: Principal, wallet_id: int, txid: str, amount: Decimal) -> None:
        self.check_amount(amount)
        wallet = self.wallet(wallet_id, principal)
        self.check_scale(amount, wallet.currency)
        self.check_txid(wallet.owner, txid)
        self.check_funds(wallet.balance, amount)

    def transfer(self, principal: Principal, source_id: int, destination_id: int, txid: str, amount: Decimal) -> None:
        if amount <= 0:
            raise Refused("invalid_amount")
        if source_id == destination_id:
            raise Refused("invalid")
        source, destination = self.wallet(source_id, principal), self.wallet(destination_id, principal)
        if source.currency != destination.currency:
            raise Refused("currency_mismatch")
        self.check_scale(amount, source.currency)
        owner = source.owner if source.owner == destination.owner else ""
        if (owner, txid) in self.transfers:
            raise Refused("duplicate_txid")
        self.check_txid(source.owner, f"{txid}.1")
        self.check_txid(destination.owner, f"{txid}.2")
        self.check_funds(source.balance, -amount)

    def delete(self, principal: Principal, identifier: int) -> None:
        transaction = self.transaction(identifier, principal)
        if transaction.is_leg:
            raise Refused("transaction_bound")
        self.check_funds(self.wallets[transaction.wallet].balance, -transaction.amount)

    def rename(self, principal: Principal, identifier: int, label: str) -> None:
        self.check_label(self.wallet(identifier, principal).owner, label, of=identifier)

    def close(self, principal: Principal, identifier: int) -> None:
        if self.wallet(identifier, principal).balance:
            raise Refused("wallet_not_empty")
        if any(each.is_leg and each.wallet == identifier for each in self.transactions.values()):
            raise Refused("transaction_bound")

    def amend(
        self, principal: Principal, identifier: int, txid: str | None, amount: Decimal | None, wallet_id: int | None
    ) -> None:
        transaction = self.transaction(identifier, principal)
        if amount is not None:
            self.check_amount(amount)
        old = self.wallets[transaction.wallet]
        new = old if wallet_id is None else self.wallet(wallet_id, principal)
        after = transaction.amount if amount is None else amount
        is_other = txid not in (None, transaction.txid) or after != transaction.amount or old is not new
        if transaction.is_leg and is_other:
            raise Refused("transaction_bound")
        if old.currency != new.currency:
            raise Refused("currency_mismatch")
        if old.owner != new.owner:
            raise Refused("invalid")
        self.check_scale(after, new.currency)
        if txid is not None:
            self.check_txid(transaction.owner, txid, of=identifier)
        if old is new:
            self.check_funds(old.balance, after - transaction.amount)
        else:
            self.check_funds(old.balance, -transaction.amount)
            self.check_funds(new.balance, after)

    # -- effects ---------------------------------------------------------------------------------------------

    def apply_line(self, wallet_id: int, kind: str, amount: Decimal, txid: str) -> None:
        if amount:
            wallet = self.wallets[wallet_id]
            wallet.lines.append((kind, amount, wallet.balance + amount, txid))

    def apply_post(self, identifier: int, kind: str, wallet_id: int, txid: str, amount: Decimal) -> None:
        self.transactions[identifier] = ModelTransaction(txid, wallet_id, amount, self.wallets[wallet_id].owner)
        self.apply_line(wallet_id, kind, amount, txid)

    def apply_transfer(
        self, ids: tuple[int, int], source_id: int, destination_id: int, txid: str, amount: Decimal
    ) -> None:
        source, destination = self.wallets[source_id], self.wallets[destination_id]
        self.transfers.add((source.owner if source.owner == destination.owner else "", txid))
        self.apply_post(ids[0], "transfer_out", source_id, f"{txid}.1", -amount)
        self.apply_post(ids[1], "transfer_in", destination_id, f"{txid}.2", amount)
        for identifier in ids:
            self.transactions[identifier].is_leg = True

    def apply_amendment(
        self, identifier: int, txid: str | None, amount: Decimal | None, wallet_id: int | None
    ) -> None:
        transaction = self.transactions[identifier]
        after = transaction.amount if amount is None else amount
        if wallet_id is None or wallet_id == transaction.wallet:
            self.apply_line(transaction.wallet, "amend", after - transaction.amount, transaction.txid)
        else:
            steps = [(transaction.wallet, "amend", after - transaction.amount)]
            steps += [(transaction.wallet, "move_out", -after), (wallet_id, "move_in", after)]
            if after < 0 and after < transaction.amount:
                steps = [(transaction.wallet, "move_out", -transaction.amount)]
                steps += [
                    (wallet_id, "move_in", transaction.amount),
                    (wallet_id, "amend", after - transaction.amount),
                ]
            for wallet, kind, change in steps:
                self.apply_line(wallet, kind, change, transaction.txid)
            transaction.wallet = wallet_id
        transaction.amount = after
        transaction.txid = txid or transaction.txid

    def apply_deletion(self, identifier: int) -> None:
        transaction = self.transactions.pop(identifier)
        self.apply_line(transaction.wallet, "delete", -transaction.amount, transaction.txid)

    def apply_close(self, identifier: int) -> None:
        self.closed[identifier] = self.wallets.pop(identifier)
        self.transactions = {key: each for key, each in self.transactions.items() if each.wallet != identifier}
