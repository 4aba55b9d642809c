"""Prove that balances equal their entries, and that no money comes from nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Count, F, Q

from walletsvc import money
from walletsvc.ledger.locked_wallets import available
from walletsvc.ledger.totals import Total, compare_totals
from walletsvc.models import Entry, Transaction, Wallet
from walletsvc.money import ZERO
from walletsvc.money import format_plain as plain
from walletsvc.queries.conservation import (
    Report,
    check_currencies,
    check_held,
    check_transactions,
    check_transfers,
    ranges,
)
from walletsvc.queries.hold_reconciliation import check_holds


def _say_nothing(_step: str, _done: int, _of: int) -> None:
    """Report no progress."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A difference between a wallet and the ledger.

    `wallet_id` may be that of a deleted wallet; it is None for a problem of all wallets together, or of those of a
    `currency`, or of a transfer.
    """

    wallet_id: int | None
    label: str | None
    problem: str
    currency: str | None = None
    transfer_id: int | None = None


def compute_discrepancies(*, chunk_size: int = 5000, report: Report = _say_nothing) -> Iterator[Discrepancy]:
    """Read the whole ledger and yield every discrepancy.

    Balances equal the sum of their entries and the last `balance_after`, and likewise what is held, which is also
    what remains of open holds; each hold equals its captures and its entries; sequences have no gap, and moments
    never fall; each `balance_after` follows from the one before; what is available is what balance, held amount and
    floor leave, and not below 0. The amount of each live transaction equals the sum of its entries in its wallet,
    while those in other wallets cancel out; what is reversed equals the sum of its reversals. Of each transfer, the
    legs and what is external sum to 0. In each currency, all wallets hold what was received less what was paid.
    Transactions and entries have their wallet's owner and currency, and the numbers of live transactions, of each
    wallet and of all, are right.

    Sums are exact on every engine. For a consistent snapshot, the caller runs it in one transaction. `report` gets
    the name of each step, and how many of how many ids of it are done.
    """
    yield from _wallets_against_entries(chunk_size, report)
    for wallet_id, label, stored, left in find_wrong_available(chunk_size=chunk_size):
        problem = f"{plain(stored)} is said to be available, but {plain(left)} is (--recount corrects it)"
        yield Discrepancy(wallet_id, label, problem)
    for check in (check_held, check_holds, check_transactions):
        for each in check(size=chunk_size, report=report):
            yield Discrepancy(*each)
    external: dict[str, Decimal] = {}
    for transfer_id, problem in check_transfers(external, size=chunk_size, report=report):
        yield Discrepancy(None, None, problem, transfer_id=transfer_id)
    yield from _rows_of_other_owners()
    for wallet_id, label, count, found in find_wrong_counts(chunk_size=chunk_size):
        problem = f"the transaction count is {count}, but there are {found} (--recount corrects it)"
        yield Discrepancy(wallet_id, label, problem)
    yield from _totals()
    for currency, problem in check_currencies(external):
        yield Discrepancy(None, None, problem, currency)


_WALLET = ("id", "label", "balance", "sequence", "currency", "held")
_LINE = ("wallet_id", "sequence", "amount", "balance_after", "currency", "held", "held_after", "created_at")


def _wallets_against_entries(chunk_size: int, report: Report) -> Iterator[Discrepancy]:
    for first, last in ranges(
        ("walletsvc_wallet", "id"), ("walletsvc_entry", "wallet_id"), name="wallets", size=chunk_size, report=report
    ):
        rows = Wallet.objects.filter(id__gt=first, id__lte=last).order_by("id").values_list(*_WALLET)
        wallets = {row[0]: row[1:] for row in rows}
        for wallet_id, lines in groupby(_lines(first, last, chunk_size), key=itemgetter(0)):
            yield from _wallet_against_entries(wallet_id, wallets.pop(wallet_id, None), lines)
        for wallet_id, (label, balance, sequence, _currency, held) in wallets.items():
            if balance or sequence or held:
                problem = f"it holds {plain(balance)} at sequence {sequence} without any entry"
                yield Discrepancy(wallet_id, label, problem)


def _lines(first: int, last: int, chunk_size: int) -> Iterator[tuple[Any, ...]]:
    """Yield the entries of these wallets in order, reading some at a time."""
    after = Q(wallet_id__gt=first)
    while True:
        entries = Entry.objects.filter(after, wallet_id__lte=last).order_by("wallet_id", "sequence")
        rows = list(entries.values_list(*_LINE)[:chunk_size])
        yield from rows
        if len(rows) < chunk_size:
            return
        wallet_id, sequence = rows[-1][:2]
        after = Q(wallet_id=wallet_id, sequence__gt=sequence) | Q(wallet_id__gt=wallet_id)


def _wallet_against_entries(
    wallet_id: int, wallet: tuple[Any, ...] | None, lines: Iterator[tuple[Any, ...]]
) -> Iterator[Discrepancy]:
    label, balance, sequence, currency, held = wallet or (None, ZERO, None, None, ZERO)
    running, running_held, last, before = ZERO, ZERO, 0, None
    for _, at, amount, after, entry_currency, change, held_after, moment in lines:
        if at != last + 1:
            yield Discrepancy(wallet_id, label, f"entry {last + 1} is missing")
        running, running_held, last = money.add(running, amount), money.add(running_held, change), at
        if running != after:
            yield Discrepancy(wallet_id, label, f"entry {at} says {plain(after)}, but the sum is {plain(running)}")
            running = after
        if running_held != held_after:
            problem = f"entry {at} says that {plain(held_after)} is held, but the sum is {plain(running_held)}"
            yield Discrepancy(wallet_id, label, problem)
            running_held = held_after
        if currency is not None and entry_currency != currency:
            yield Discrepancy(wallet_id, label, f"entry {at} is in {entry_currency}, the wallet in {currency}")
        if before is not None and moment < before:
            yield Discrepancy(wallet_id, label, f"entry {at} is older than entry {at - 1}")
        before = moment
    if balance != running:
        problem = f"the balance is {plain(balance)}, but the entries sum to {plain(running)}"
        yield Discrepancy(wallet_id, label, problem)
    if held != running_held:
        yield Discrepancy(wallet_id, label, f"{plain(held)} is held, but the entries sum to {plain(running_held)}")
    if sequence is not None and sequence != last:
        yield Discrepancy(wallet_id, label, f"the sequence is {sequence}, but the last entry is {last}")


def find_wrong_available(*, chunk_size: int = 5000) -> Iterator[tuple[int, str, Decimal, Decimal]]:
    """Yield id, label, stored and real available balance of each wallet where these differ, or it is below 0."""
    rows = Wallet.objects.order_by("id").values_list("id", "label", "balance", "held", "floor", "available")
    for wallet_id, label, balance, held, floor, stored in rows.iterator(chunk_size):
        left = available(balance, held, floor)
        if stored != left or left < 0:
            yield wallet_id, label, stored, left


def _rows_of_other_owners() -> Iterator[Discrepancy]:
    for what, model in (("transactions", Transaction), ("entries", Entry)):
        rows = model._default_manager.exclude(owner=F("wallet__owner")).order_by("wallet_id", "owner")
        for wallet_id, label, owner, count in rows.values_list("wallet_id", "wallet__label", "owner").annotate(
            Count("id")
        ):
            # The owner of a deleted wallet is unknown.
            if label is not None:
                whose = (
                    f"of the owner {owner!r}"
                    if owner
                    else "without an owner (setup_database sets the wallet's owner)"
                )
                yield Discrepancy(wallet_id, label, f"{count} {what} are {whose}")


def _totals() -> Iterator[Discrepancy]:
    totals = compare_totals()
    kept, found = totals.count_kept(), totals.count_found()
    if kept != found:
        problem = f"the transaction count is {kept}, but there are {found} (--recount corrects it)"
        yield Discrepancy(None, None, problem)
    for currency in sorted(totals.missing()):
        kept_sums, found_sums = totals.kept.get(currency, Total()), totals.found.get(currency, Total())
        for name in ("received", "paid"):
            said, real = getattr(kept_sums, name), getattr(found_sums, name)
            if said != real:
                problem = f"the total {name} is {plain(said)}, but it was {plain(real)} (--recount corrects it)"
                yield Discrepancy(None, None, problem, currency)


def find_wrong_counts(*, chunk_size: int = 5000) -> Iterator[tuple[int, str, int, int]]:
    """Yield id, label, `transaction_count` and real count of each wallet where these differ."""
    rows = Transaction.objects.order_by("wallet_id").values_list("wallet_id").annotate(Count("id"))
    counted = dict(rows.iterator(chunk_size))
    wallets = Wallet.objects.values_list("id", "label", "transaction_count")
    for wallet_id, label, count in wallets.iterator(chunk_size):
        found = counted.get(wallet_id, 0)
        if count != found:
            yield wallet_id, label, count, found
