"""What all wallets of a currency have received and paid in total: as it is kept, and as it follows from the ledger.

Its SQL does not depend on the models, because migrations run it too. Sums are exact on every engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any

from django.db import connection

from walletsvc import money
from walletsvc.db import dialect
from walletsvc.ledger import statements
from walletsvc.money import ZERO

PARTS = 64
"""Enough for each connection of several servers to have its own, and quickly added up."""
_CORRECTIONS = PARTS
"""The part that no thread adds to."""


@dataclass(slots=True)
class Total:
    """Of a currency: how many transactions, and what was received from outside and paid to it, both 0 or more."""

    count: int = 0
    received: Decimal = ZERO
    paid: Decimal = ZERO

    def cross(self, amount: Decimal) -> None:
        """Let an amount cross the border: it comes from outside if it is positive."""
        if amount > 0:
            self.received = money.add(self.received, amount)
        else:
            self.paid = money.subtract(self.paid, amount)

    @property
    def is_zero(self) -> bool:
        """Tell whether there is nothing in it."""
        return not (self.count or self.received or self.paid)


@dataclass(frozen=True, slots=True)
class Funds:
    """What the wallets of a currency hold together, how much of it is held, and how many they are."""

    balance: Decimal = ZERO
    held: Decimal = ZERO
    wallets: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The totals of one moment by currency, as they are kept and as they are found.

    Kept are the counts of earlier servers too, under an empty currency, and on SQLite all counts, and no sums.
    """

    kept: dict[str, Total]
    found: dict[str, Total]

    def count_kept(self) -> int:
        """Return the number of all transactions that is kept."""
        return sum(each.count for each in self.kept.values())

    def count_found(self) -> int:
        """Return the number of all transactions."""
        return sum(each.count for each in self.found.values())

    def missing(self) -> dict[str, Total]:
        """Return what must be added to the totals that are kept, of each currency where that is anything."""
        missing: dict[str, Total] = {"": Total(count=self.count_found() - self.count_kept())}
        if dialect.vendor() != "sqlite":
            for currency in self.kept.keys() | self.found.keys():
                kept, found = self.kept.get(currency, Total()), self.found.get(currency, Total())
                missing.setdefault(currency, Total()).received = money.subtract(found.received, kept.received)
                missing[currency].paid = money.subtract(found.paid, kept.paid)
        return {currency: each for currency, each in missing.items() if not each.is_zero}


_ADD = "INSERT INTO walletsvc_transactioncount (part, currency, count, received, paid)"
_TO = (
    " ON DUPLICATE KEY UPDATE count = count + VALUES(count), received = received + VALUES(received),"
    " paid = paid + VALUES(paid)"
)
_ADD_COUNT = "INSERT INTO walletsvc_transactioncount (part, count)"
_TO_COUNT = " ON CONFLICT (part) DO UPDATE SET count = walletsvc_transactioncount.count + excluded.count"


def add_to_part(part: int, added: Mapping[str, Total]) -> None:
    """Add to a part of the totals of these currencies, by one statement at most; on SQLite, to the count only."""
    if dialect.vendor() == "sqlite":
        count = sum(each.count for each in added.values())
        if count:
            statements.insert(_ADD_COUNT, [[part, count]], end=_TO_COUNT)
        return
    # In the same order everywhere, for those who share a part.
    rows: list[list[statements.Value]] = [
        [part, currency, each.count, statements.from_decimal(each.received), statements.from_decimal(each.paid)]
        for currency, each in sorted(added.items(), key=itemgetter(0))
        if not each.is_zero
    ]
    if rows:
        statements.insert(_ADD, rows, end=_TO)


def correct_totals() -> bool:
    """Add what is missing in the totals, and return whether there was anything. Others may write meanwhile.

    The caller opens the transaction.
    """
    if dialect.vendor() == "mysql":
        # Who corrects them at the same time waits here, and then finds nothing missing.
        statements.insert(_ADD, [[_CORRECTIONS, "", 0, 0, 0]], end=_TO)
    missing = compare_totals().missing()
    # What others add is added as well, whenever they commit.
    add_to_part(_CORRECTIONS, missing)
    return bool(missing)


def compare_totals() -> Comparison:
    """Read the totals that are kept, and compute them from all entries and transfers.

    In one statement, so that all belongs to the same moment at any isolation level (MariaDB and MySQL manuals,
    "Consistent Nonlocking Reads").
    """
    kept: dict[str, Total] = {}
    found: dict[str, Total] = {}
    for is_kept, *row in _fetch([_kept(), _COUNTED, *_found()]):
        _add(kept if is_kept else found, *row)
    return Comparison(kept, found)


def read_totals() -> dict[str, Total]:
    """Return what was received and paid, by currency: as it is kept or, on SQLite, from all entries and transfers."""
    totals: dict[str, Total] = {}
    for _, *row in _fetch(_known()):
        _add(totals, *row)
    return totals


def read_books() -> tuple[dict[str, Funds], dict[str, Total]]:
    """Return what the wallets hold, and what was received and paid, by currency.

    In one statement, so that both belong to the same moment, as in `compare_totals`.
    """
    funds: dict[str, Funds] = {}
    totals: dict[str, Total] = {}
    for is_kept, currency, count, first, second in _fetch([_funds(), *_known()]):
        if is_kept == _OF_WALLETS:
            funds[currency] = Funds(dialect.to_sum(first), dialect.to_sum(second), int(count))
        else:
            _add(totals, currency, count, first, second)
    return funds, totals


def _known() -> list[str]:
    """Return the queries whose rows add up to the totals: as they are kept, or on SQLite from the ledger."""
    return _found() if dialect.vendor() == "sqlite" else [_kept()]


_OF_WALLETS = 2


def _funds() -> str:
    add = dialect.exact_sum()
    sums = f"COUNT(*), {add}(balance), {add}(held)"
    # Along the index of currencies each row is a search of the table: four times as slow as all of it in order.
    index = "IGNORE INDEX (wallet_currency, wallet_of_currency)" if dialect.vendor() == "mysql" else ""
    return f"SELECT {_OF_WALLETS}, currency, {sums} FROM walletsvc_wallet {index} GROUP BY currency"  # noqa: S608


def _add(totals: dict[str, Total], currency: str, count: int, received: object, sent: object) -> None:
    total = totals.setdefault(currency, Total())
    total.count += int(count)
    total.received = money.add(total.received, dialect.to_sum(received))
    total.paid = money.subtract(total.paid, dialect.to_sum(sent))


def _fetch(selects: Sequence[str]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects))
        return list(cursor.fetchall())


_COUNTED = "SELECT 0, '', COUNT(*), 0, 0 FROM walletsvc_transaction"


def _kept() -> str:
    add = dialect.exact_sum()
    sums = f"SUM(count), {add}(received), {add}(-paid)"
    return f"SELECT 1, currency, {sums} FROM walletsvc_transactioncount GROUP BY currency"  # noqa: S608 - names of ours


def _found() -> list[str]:
    """Return the queries whose rows add up to what has crossed the border, by currency."""
    add = dialect.exact_sum()
    by_itself = (
        f"SELECT 0, currency, 0, {_gross('amount')} FROM walletsvc_entry"  # noqa: S608 - names of ours
        " WHERE kind IN ('opening', 'post', 'amend', 'delete') GROUP BY currency"
    )
    # A bound transaction is never deleted. Bonds have indexes, so that no others are read.
    bound = (
        f"SELECT 0, entry.currency, 0, {_gross('entry.amount')} FROM walletsvc_transaction bound"  # noqa: S608
        " JOIN walletsvc_entry entry ON entry.transaction_id = bound.id"
        " WHERE (bound.hold_id IS NOT NULL OR bound.reversal_of_id IS NOT NULL) AND bound.transfer_id IS NULL"
        " AND entry.kind IN ('capture', 'reversal') GROUP BY entry.currency"
    )
    # What is external is what the legs lack.
    transfers = (
        f"SELECT currency, {add}(amount) AS net FROM walletsvc_transaction"  # noqa: S608
        " WHERE transfer_id IS NOT NULL GROUP BY transfer_id, currency"
    )
    # Servers of earlier versions changed the amount of a transaction while they moved it.
    moves = (
        f"SELECT currency, {add}(amount) AS net FROM walletsvc_entry WHERE kind IN ('move_out', 'move_in')"  # noqa: S608
        " GROUP BY transaction_id, created_at, currency"
    )
    nets = (
        f"SELECT 0, currency, 0, {_gross('net')} FROM ({each}) AS nets GROUP BY currency"  # noqa: S608
        for each in (transfers, moves)
    )
    return [by_itself, bound, *nets]


def _gross(column: str) -> str:
    """Return the sum of the positive values of a column, and that of the negative ones."""
    add = dialect.exact_sum()
    # What SQLite has added exactly is a text, which would be greater than any number.
    return ", ".join(f"{add}(CASE WHEN {column} + 0 {sign} 0 THEN {column} END)" for sign in "><")
