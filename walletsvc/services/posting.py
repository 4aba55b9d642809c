"""The one place where a balance changes.

Every change goes the same way: lock the wallets, in the order of their ids and before any row that refers to
them is inserted (InnoDB's foreign-key check takes a shared lock on the parent, and two transactions that both
hold it and then want to update deadlock: MySQL manual, "Locks Set by Different SQL Statements in InnoDB"); decide
on what was read under the lock; write wallet, transaction, entry. `durably` commits it and renews the stamps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from walletsvc import engines, errors, money
from walletsvc.models import Transaction, Wallet
from walletsvc.models.entry import Kind
from walletsvc.principals import Principal
from walletsvc.services.inputs import not_found

Clock = Callable[[], datetime]
ZERO = Decimal(0)


@dataclass(slots=True)
class LockedWallet:
    """A wallet as it is under the lock, and as the operation has changed it so far."""

    id: int
    currency: str
    balance: Decimal
    sequence: int


class Ledger:
    """The wallets that one operation has locked, and what it may do to them.

    Lives inside `durably`; `touched` is told every wallet that is locked.
    """

    def __init__(self, *, principal: Principal, clock: Clock, touched: set[int]) -> None:
        self.principal = principal
        self._clock = clock
        self._touched = touched
        self._locked: dict[int, LockedWallet] = {}
        self._at: datetime | None = None

    @property
    def at(self) -> datetime:
        """The moment of this operation: taken once, and under the lock, so that a wallet's entries are in order."""
        if self._at is None:
            self._at = self._clock()
        return self._at

    def lock(self, *wallet_ids: int, field: str | None = None) -> None:
        """Lock the wallets, in the order of their ids, until the end of the transaction.

        All of an operation's wallets are locked by one call. Raises `NotFound` for one that is not there or not
        within the principal's reach; `field` is the input that named it.
        """
        if self._locked:
            raise RuntimeError("The wallets of an operation are locked by one call, or two operations deadlock.")
        for wallet_id in sorted(set(wallet_ids)):
            self._locked[wallet_id] = self._lock_one(wallet_id, field)
        self._touched.update(self._locked)

    def _lock_one(self, wallet_id: int, field: str | None) -> LockedWallet:
        with connection.cursor() as cursor:
            # SQLite has no row locks: its BEGIN IMMEDIATE has locked everything already.
            lock = connection.ops.for_update_sql() if connection.features.has_select_for_update else ""
            cursor.execute(_LOCK_WALLET + lock, [wallet_id])
            row = cursor.fetchone()
        if row is None or (self.principal.owner is not None and row[3] != self.principal.owner):
            raise not_found("Wallet", wallet_id, field=field)
        return LockedWallet(id=wallet_id, currency=row[0], balance=_decimal(row[1]), sequence=row[2])

    def wallet(self, wallet_id: int) -> LockedWallet:
        """Return a wallet that was locked."""
        return self._locked[wallet_id]

    # -- wallets ---------------------------------------------------------------------------------------

    def open_wallet(self, wallet: Wallet) -> None:
        """Insert a new wallet; a balance that it opens with becomes its first entry.

        Raises what `_check` raises, with the field `balance`.
        """
        opening, wallet.balance, wallet.sequence = wallet.balance, ZERO, 0
        locked = LockedWallet(id=0, currency=wallet.currency, balance=ZERO, sequence=0)
        if opening:
            self._advance(locked, opening, field="balance")
        wallet.balance, wallet.sequence = locked.balance, locked.sequence
        wallet.created_at = wallet.updated_at = self.at
        wallet.save(force_insert=True)
        locked.id = wallet.id
        self._touched.add(wallet.id)
        if opening:
            self._record(locked, opening, Kind.OPENING, transaction_id=None, txid="")

    def close_wallet(self, wallet_id: int) -> None:
        """Delete a locked wallet with its transactions; its entries stay. Raises `WalletNotEmpty`."""
        wallet = self.wallet(wallet_id)
        if wallet.balance:
            raise errors.WalletNotEmpty(
                "A wallet that holds money is not deleted.",
                balance=money.format_amount(wallet.balance, wallet.currency),
                currency=wallet.currency,
                wallet=wallet_id,
            )
        Transaction.objects.filter(wallet_id=wallet_id)._raw_delete(using=connection.alias)
        Wallet.objects.filter(id=wallet_id)._raw_delete(using=connection.alias)

    # -- transactions ----------------------------------------------------------------------------------

    def post(self, transaction: Transaction, *, kind: Kind = Kind.POST) -> None:
        """Insert a new transaction of a locked wallet and apply its amount.

        Sets its id, currency and times. Raises `InsufficientFunds`, `ScaleExceeded`, `PrecisionExceeded` or
        `OutOfRange`.
        """
        wallet = self.wallet(transaction.wallet_id)
        self._apply(wallet, transaction.amount)
        transaction.currency = wallet.currency
        transaction.created_at = transaction.updated_at = self.at
        transaction.id = _insert_transaction(transaction)
        self._record(wallet, transaction.amount, kind, transaction_id=transaction.id, txid=transaction.txid)

    def amend(self, transaction: Transaction, *, amount: Decimal, wallet_id: int) -> None:
        """Give a transaction another amount, or another wallet, or both. The wallets are locked.

        Changes the object, which the caller saves. Raises what `post` raises, and `CurrencyMismatch`.
        """
        old, new = self.wallet(transaction.wallet_id), self.wallet(wallet_id)
        if old.currency != new.currency:
            raise errors.CurrencyMismatch(
                f"A transaction of a {old.currency} wallet cannot move to a {new.currency} wallet.",
                field="wallet",
                currencies=[old.currency, new.currency],
            )
        if old is new:
            steps = [(new, money.add(amount, money.negate(transaction.amount)), Kind.AMEND)]
            money.check_scale(amount, currency=new.currency)
            money.check_precision(amount, max_digits=engines.exact_digits())
        else:
            steps = [(old, money.negate(transaction.amount), Kind.MOVE_OUT), (new, amount, Kind.MOVE_IN)]
        for wallet, change, kind in steps:
            if change:
                self._apply(wallet, change)
                self._record(wallet, change, kind, transaction_id=transaction.id, txid=transaction.txid)
        transaction.amount, transaction.wallet_id = amount, wallet_id

    def give_back(self, transaction: Transaction) -> None:
        """Undo a transaction of a locked wallet and delete it. Raises `InsufficientFunds` or `OutOfRange`."""
        wallet, change = self.wallet(transaction.wallet_id), money.negate(transaction.amount)
        self._apply(wallet, change)
        self._record(wallet, change, Kind.DELETE, transaction_id=transaction.id, txid=transaction.txid)
        Transaction.objects.filter(id=transaction.id)._raw_delete(using=connection.alias)

    # -- steps -----------------------------------------------------------------------------------------

    def _apply(self, wallet: LockedWallet, change: Decimal) -> None:
        """Change the balance, if it may be changed so."""
        self._advance(wallet, change, field="amount")
        _execute(_UPDATE_WALLET, [_column(wallet.balance), wallet.sequence, _time(self.at), wallet.id])

    def _advance(self, wallet: LockedWallet, change: Decimal, *, field: str) -> None:
        """Decide. This is the overdraft guard."""
        money.check_scale(change, currency=wallet.currency, field=field)
        money.check_precision(change, max_digits=engines.exact_digits(), field=field)
        balance = money.add(wallet.balance, change)
        if balance < 0:
            raise errors.InsufficientFunds(
                "The balance does not cover it.",
                field=field,
                balance=money.format_amount(wallet.balance, wallet.currency),
                amount=money.format_amount(change, wallet.currency),
                currency=wallet.currency,
                wallet=wallet.id or None,
            )
        if balance >= money.LIMIT:
            raise money.out_of_range(field=field)
        money.check_precision(balance, max_digits=engines.exact_digits(), field=field)
        wallet.balance, wallet.sequence = balance, wallet.sequence + 1

    def _record(
        self, wallet: LockedWallet, amount: Decimal, kind: Kind, *, transaction_id: int | None, txid: str
    ) -> None:
        """Write the ledger's line for what `_advance` has just decided."""
        _execute(
            _INSERT_ENTRY,
            [
                wallet.id,
                wallet.sequence,
                _column(amount),
                _column(wallet.balance),
                wallet.currency,
                kind.value,
                transaction_id,
                txid,
                self.principal.subject,
                _time(self.at),
            ],
        )


# The statements of the hot path: through the ORM they cost 2.8 times as much as the server takes for them.
_LOCK_WALLET = "SELECT currency, balance, sequence, owner FROM walletsvc_wallet WHERE id = %s "
_UPDATE_WALLET = "UPDATE walletsvc_wallet SET balance = %s, sequence = %s, updated_at = %s WHERE id = %s"
_INSERT_TRANSACTION = (
    "INSERT INTO walletsvc_transaction"
    " (txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_INSERT_ENTRY = (
    "INSERT INTO walletsvc_entry"
    " (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id, txid, principal, created_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)


def _insert_transaction(transaction: Transaction) -> int:
    return _execute(
        _INSERT_TRANSACTION,
        [
            transaction.txid,
            transaction.wallet_id,
            _column(transaction.amount),
            transaction.currency,
            transaction.description,
            json.dumps(transaction.metadata),
            _time(transaction.created_at),
            _time(transaction.updated_at),
        ],
    )


def _execute(statement: str, values: Sequence[object]) -> int:
    """Run a statement and return the id of the row it inserted, if it did."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.lastrowid or 0)


def _column(value: Decimal) -> str | None:
    return connection.ops.adapt_decimalfield_value(value, money.MAX_DIGITS, money.DECIMAL_PLACES)


def _time(value: datetime) -> str | None:
    return connection.ops.adapt_datetimefield_value(value)


def _decimal(value: object) -> Decimal:
    """Return a decimal column as the driver gave it: MySQL's are Decimal, SQLite's are int or an 8-byte real."""
    if isinstance(value, Decimal):
        return value
    # 15 digits are what such a number keeps, and what is let in.
    return Decimal(f"{value:.{money.SQLITE_MAX_DIGITS}g}") + 0
