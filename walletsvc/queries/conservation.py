"""Prove that transactions are what their entries say, and that money only moves, or crosses the border.

All is read by ranges of ids, along indexes, so that memory does not grow with the ledger.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import connection

from walletsvc import money
from walletsvc.db import dialect
from walletsvc.ledger.totals import Total, read_totals
from walletsvc.money import ZERO
from walletsvc.money import format_plain as plain

Range = tuple[int, int]
"""Ids after the first, up to the last."""
OfWallet = tuple[int, str | None, str]
"""The id and label of a wallet, and a problem."""


Report = Callable[[str, int, int], object]
"""Is told the name of a step, and how many of how many ids of it are done."""


def ranges(*columns: tuple[str, str], name: str, size: int, report: Report) -> Iterator[Range]:
    """Yield the ranges of all ids in these columns of tables, `size` at a time, and report on the step `name`.

    Gaps are passed over: a server in a cluster, or a failed insert, leaves ids out, and they may be many.
    """
    greatest = ", ".join(f"COALESCE((SELECT MAX({column}) FROM {table}), 0)" for table, column in columns)  # noqa: S608
    [row] = _fetch(f"SELECT {greatest}")
    end, start = max(row), 0
    following = ", ".join(f"(SELECT MIN({column}) FROM {table} WHERE {column} > %s)" for table, column in columns)  # noqa: S608
    while start < end:
        [found] = _fetch(f"SELECT {following}", *[start] * len(columns))
        ids = [each for each in found if each is not None]
        if not ids:
            return
        start = min(ids) - 1
        report(name, start, end)
        yield start, start + size
        start += size


def _fetch(statement: str, *values: int) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


# -- transactions --------------------------------------------------------------------------------------

_TRANSACTIONS = (
    "SELECT made.id, made.txid, made.wallet_id, wallet.label, wallet.currency, made.currency, made.amount,"
    " made.reversed FROM walletsvc_transaction made LEFT JOIN walletsvc_wallet wallet ON wallet.id = made.wallet_id"
    " WHERE made.id > %s AND made.id <= %s ORDER BY made.id"
)
_ENTRIES = (
    "SELECT transaction_id, wallet_id, {add}(amount),"
    " COUNT(CASE WHEN kind IN ('post', 'transfer_out', 'transfer_in', 'capture', 'reversal') THEN 1 END)"
    " FROM walletsvc_entry WHERE transaction_id > %s AND transaction_id <= %s GROUP BY transaction_id, wallet_id"
)
_REVERSALS = (
    "SELECT reversal_of_id, {add}(amount), COUNT(CASE WHEN amount > 0 THEN 1 END), COUNT(*), MIN(wallet_id)"
    " FROM walletsvc_transaction WHERE reversal_of_id > %s AND reversal_of_id <= %s GROUP BY reversal_of_id"
)


@dataclass(frozen=True, slots=True)
class _Reversals:
    total: Decimal = ZERO
    credits: int = 0
    count: int = 0
    wallet_id: int = 0


def check_transactions(*, size: int, report: Report) -> Iterator[OfWallet]:
    """Yield each transaction that is not what its entries and its reversals say, under its wallet.

    The amount is the sum of its entries in that wallet, and one entry created it; entries in wallets that it has left
    cancel out. What is reversed is the sum of its reversals, which are of the opposite sign, and not more than it.
    """
    columns = (
        ("walletsvc_transaction", "id"),
        ("walletsvc_entry", "transaction_id"),
        ("walletsvc_transaction", "reversal_of_id"),
    )
    for place in ranges(*columns, name="transactions", size=size, report=report):
        sums: dict[tuple[int, int], Decimal] = {}
        creations: defaultdict[int, int] = defaultdict(int)
        for identifier, wallet_id, total, created in _fetch(_ENTRIES.format(add=dialect.exact_sum()), *place):
            sums[identifier, wallet_id] = dialect.to_sum(total)
            creations[identifier] += created
        reversals = {
            identifier: _Reversals(dialect.to_sum(total), *rest)
            for identifier, total, *rest in _fetch(_REVERSALS.format(add=dialect.exact_sum()), *place)
        }
        for identifier, txid, wallet_id, label, currency, own, *amounts in _fetch(_TRANSACTIONS, *place):
            amount, taken_back = map(dialect.to_decimal, amounts)
            total = sums.pop((identifier, wallet_id), ZERO)
            if total != amount:
                problem = f"is of {plain(amount)}, but its entries sum to {plain(total)}"
                yield wallet_id, label, f"transaction {txid!r} {problem}"
            elif creations[identifier] != 1:
                problem = f"was created by {creations[identifier]} entries, and not by one"
                yield wallet_id, label, f"transaction {txid!r} {problem}"
            if own != currency:
                yield wallet_id, label, f"transaction {txid!r} is in {own}, the wallet in {currency}"
            for problem in _wrong_reversals(amount, taken_back, reversals.pop(identifier, _Reversals())):
                yield wallet_id, label, f"transaction {txid!r} {problem}"
        yield from _left_behind(sums)
        for identifier, each in reversals.items():
            yield each.wallet_id, None, f"transaction {identifier} is not here, but {each.count} reversals of it are"


def _wrong_reversals(amount: Decimal, taken_back: Decimal, found: _Reversals) -> Iterator[str]:
    if found.total.copy_abs() != taken_back:
        yield f"is reversed by {plain(taken_back)}, but its reversals sum to {plain(found.total)}"
    elif found.total.copy_abs() > amount.copy_abs():
        yield f"is of {plain(amount)}, but its reversals sum to {plain(found.total)}"
    if found.credits != (found.count if amount < 0 else 0):
        yield f"is of {plain(amount)}, and has a reversal of the same sign"


def _left_behind(sums: dict[tuple[int, int], Decimal]) -> Iterator[OfWallet]:
    for (identifier, wallet_id), total in sums.items():
        holder = _fetch("SELECT label FROM walletsvc_wallet WHERE id = %s", wallet_id) if total else []
        # A closed wallet takes its transactions with it, and those return no amount.
        for (label,) in holder:
            yield wallet_id, label, f"transaction {identifier}, no longer here, left {plain(total)} behind"


# -- transfers -----------------------------------------------------------------------------------------

_TRANSFERS = (
    "SELECT id, txid, external, reversal_of_id FROM walletsvc_transfer WHERE id > %s AND id <= %s ORDER BY id"
)
_LEGS = (
    "SELECT leg.transfer_id, leg.currency, {add}(leg.amount), COUNT(*), COUNT(leg.reversal_of_id),"
    " MIN(original.transfer_id), MAX(original.transfer_id), COUNT(original.transfer_id)"
    " FROM walletsvc_transaction leg LEFT JOIN walletsvc_transaction original ON original.id = leg.reversal_of_id"
    " WHERE leg.transfer_id > %s AND leg.transfer_id <= %s GROUP BY leg.transfer_id, leg.currency"
)


@dataclass(slots=True)
class _Legs:
    sums: dict[str, Decimal] = field(default_factory=dict)
    count: int = 0
    reversals: int = 0
    """How many of them are reversals."""
    of_legs: int = 0
    """How many reverse a leg."""
    originals: set[int] = field(default_factory=set)
    """The transfers of those, or the first and last of several."""


def check_transfers(external: dict[str, Decimal], *, size: int, report: Report) -> Iterator[tuple[int, str]]:
    """Yield the id and problem of each transfer that is not what its legs say, and add up what is `external`.

    Its legs and what is external sum to 0 in each currency; those of a reversal reverse legs of the other.
    """
    columns = ("walletsvc_transfer", "id"), ("walletsvc_transaction", "transfer_id")
    for place in ranges(*columns, name="transfers", size=size, report=report):
        legs: defaultdict[int, _Legs] = defaultdict(_Legs)
        for identifier, currency, total, count, reversals, first, last, of_legs in _fetch(
            _LEGS.format(add=dialect.exact_sum()), *place
        ):
            each = legs[identifier]
            each.sums[currency] = dialect.to_sum(total)
            each.count += count
            each.reversals += reversals
            each.of_legs += of_legs
            each.originals.update({first, last} - {None})
        for identifier, txid, text, original in _fetch(_TRANSFERS, *place):
            found = legs.pop(identifier, _Legs())
            for problem in _wrong_legs(found, text, original, external):
                yield identifier, f"{txid!r} {problem}"
        for identifier, each in legs.items():
            yield identifier, f"it is not here, but {each.count} legs of it are"


def _wrong_legs(legs: _Legs, text: str, original: int | None, external: dict[str, Decimal]) -> Iterator[str]:
    try:
        outside = {currency: Decimal(amount) for currency, amount in json.loads(text).items()}
    except (ValueError, InvalidOperation, AttributeError, TypeError):
        yield f"has something external that is no amount: {text[:100]}"
        return
    for currency, amount in outside.items():
        external[currency] = money.add(external.get(currency, ZERO), amount)
    for currency in sorted(legs.sums.keys() | outside.keys()):
        total = money.add(legs.sums.get(currency, ZERO), outside.get(currency, ZERO))
        if total:
            yield f"sums to {plain(total)} {currency}, and not to 0"
    if not legs.count:
        yield "has no legs"
    expected = (0, 0, set()) if original is None else (legs.count, legs.count, {original})
    if (legs.reversals, legs.of_legs, legs.originals) != expected:
        yield "reverses no transfer, but its legs do" if original is None else f"does not reverse transfer {original}"


# -- holds ---------------------------------------------------------------------------------------------

_HELD = "SELECT id, label, held FROM walletsvc_wallet WHERE id > %s AND id <= %s ORDER BY id"
_REMAINING = (
    "SELECT wallet_id, {add}(remaining) FROM walletsvc_hold"
    " WHERE wallet_id > %s AND wallet_id <= %s AND state = 'open' GROUP BY wallet_id"
)


def check_held(*, size: int, report: Report) -> Iterator[OfWallet]:
    """Yield each wallet in which something else is held than remains of its open holds."""
    for place in ranges(("walletsvc_wallet", "id"), name="holds", size=size, report=report):
        remaining = dict(_fetch(_REMAINING.format(add=dialect.exact_sum()), *place))
        for wallet_id, label, value in _fetch(_HELD, *place):
            held, total = dialect.to_decimal(value), dialect.to_sum(remaining.get(wallet_id))
            if held != total:
                yield wallet_id, label, f"{plain(held)} is held, but {plain(total)} remains of its open holds"


# -- currencies ----------------------------------------------------------------------------------------

_SUMS = (
    "SELECT currency, {add}(balance), 0, 0 FROM walletsvc_wallet GROUP BY currency"
    " UNION ALL SELECT currency, 0, {add}(amount),"
    " {add}(CASE WHEN kind IN ('transfer_out', 'transfer_in') THEN amount END) FROM walletsvc_entry GROUP BY currency"
    # Captures and reversals that are legs. Bonds have indexes.
    " UNION ALL SELECT entry.currency, 0, 0, {add}(entry.amount) FROM walletsvc_transaction bound"
    " JOIN walletsvc_entry entry ON entry.transaction_id = bound.id"
    " WHERE (bound.hold_id IS NOT NULL OR bound.reversal_of_id IS NOT NULL) AND bound.transfer_id IS NOT NULL"
    " AND entry.kind IN ('capture', 'reversal') GROUP BY entry.currency"
)


def check_currencies(external: dict[str, Decimal]) -> Iterator[tuple[str, str]]:
    """Yield each currency and problem where money came from nowhere, or went there.

    What was received less what was paid is what all wallets hold, and the sum of all entries, also of deleted
    wallets. The entries of legs and what is `external` of their transfers sum to 0.
    """
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO, ZERO])
    for currency, *found in _fetch(_SUMS.format(add=dialect.exact_sum())):
        sums[currency] = [money.add(*each) for each in zip(sums[currency], map(dialect.to_sum, found), strict=True)]
    totals = read_totals()
    for currency in sorted(sums.keys() | {each for each in totals if each} | external.keys()):
        balance, entries, legs = sums[currency]
        if balance != entries:
            yield currency, f"they hold {plain(balance)}, but the entries sum to {plain(entries)}"
        total = totals.get(currency, Total())
        left = money.subtract(total.received, total.paid)
        if balance != left:
            problem = f"they hold {plain(balance)}, but received {plain(total.received)} and paid {plain(total.paid)}"
            yield currency, problem
        moved = money.add(legs, external.get(currency, ZERO))
        if moved:
            yield currency, f"what was transferred sums to {plain(moved)}, and not to 0"
