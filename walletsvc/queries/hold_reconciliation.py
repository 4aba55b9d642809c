"""Prove that holds equal their captures and their entries. Wallets are read by ranges of ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from walletsvc import money
from walletsvc.models import Entry, Hold, Transaction
from walletsvc.models.hold import HoldState
from walletsvc.money import ZERO
from walletsvc.money import format_plain as plain
from walletsvc.queries.conservation import OfWallet, Range, Report, ranges

_FIGURES = ("amount", "captured", "released", "remaining")
_WALLET = ("owner", "wallet__owner", "currency", "wallet__currency")
_HOLD = ("wallet_id", "wallet__label", "id", "txid", "state", *_WALLET, *_FIGURES)
_RESIZES = ("hold", "adjust")
"""The kinds of the lines that make the amount of a hold."""

Sums = defaultdict[tuple[int, int], Decimal]
"""Sums by the ids of a hold and of the wallet that its lines and captures are in."""


def check_holds(*, size: int, report: Report) -> Iterator[OfWallet]:
    """Yield each hold that is not what its captures and its entries say, under its wallet.

    What it has left is its amount without what was captured and released, and it has something left as long as it is
    open. Its captures sum to what was captured, its amount is the sum of the lines that made it, and all its lines
    sum to what it has left.
    """
    for place in ranges(("walletsvc_wallet", "id"), name="holds of wallets", size=size, report=report):
        captured = _captured(place, size)
        made, held = _lines(place, size)
        holds = Hold.objects.filter(wallet_id__gt=place[0], wallet_id__lte=place[1]).order_by("id")
        for wallet_id, label, identifier, txid, state, *rest in holds.values_list(*_HOLD).iterator(size):
            owner, of_wallet, currency, in_wallet, amount, taken, freed, left = rest
            found = list(_wrong_figures(state, amount, taken, freed, left))
            key = (identifier, wallet_id)
            sums = (captured.pop(key, ZERO), made.pop(key, ZERO), held.pop(key, ZERO))
            found += _wrong_sums(amount, taken, left, *sums)
            if owner != of_wallet:
                found.append(f"is of the owner {owner!r}")
            if currency != in_wallet:
                found.append(f"is in {currency}, the wallet in {in_wallet}")
            for problem in found:
                yield wallet_id, label, f"hold {txid!r} {problem}"
        for (identifier, wallet_id), total in held.items():
            if total:
                yield wallet_id, None, f"hold {identifier} is not here, but its entries sum to {plain(total)}"


def _wrong_figures(
    state: str, amount: Decimal, captured: Decimal, released: Decimal, remaining: Decimal
) -> Iterator[str]:
    left = money.subtract(amount, money.add(captured, released))
    # With excess, more was captured than it had.
    if remaining != max(left, ZERO) or (left < 0 and state != HoldState.CAPTURED):
        yield f"has {plain(remaining)} left of {plain(amount)}, but {plain(left)} was not captured or released"
    if (state == HoldState.OPEN) != bool(remaining):
        yield f"is {state}, and has {plain(remaining)} left"
    if captured and state in (HoldState.RELEASED, HoldState.EXPIRED):
        yield f"is {state}, but {plain(captured)} was captured"


def _wrong_sums(
    amount: Decimal,
    captured: Decimal,
    remaining: Decimal,
    of_captures: Decimal,
    of_amounts: Decimal,
    of_lines: Decimal,
) -> Iterator[str]:
    if captured != of_captures:
        yield f"says that {plain(captured)} was captured, but its captures sum to {plain(of_captures)}"
    if amount != of_amounts:
        yield f"is of {plain(amount)}, but its entries made it {plain(of_amounts)}"
    if remaining != of_lines:
        yield f"has {plain(remaining)} left, but its entries sum to {plain(of_lines)}"


def _captured(place: Range, size: int) -> Sums:
    """Return what was captured of each hold of these wallets, by its transactions."""
    sums: Sums = defaultdict(Decimal)
    captures = Transaction.objects.filter(wallet_id__gt=place[0], wallet_id__lte=place[1], hold_id__isnull=False)
    for hold_id, wallet_id, amount in captures.values_list("hold_id", "wallet_id", "amount").iterator(size):
        sums[hold_id, wallet_id] = money.subtract(sums[hold_id, wallet_id], amount)
    return sums


def _lines(place: Range, size: int) -> tuple[Sums, Sums]:
    """Return the amount that its entries gave each hold of these wallets, and the sum of all that they held."""
    made: Sums = defaultdict(Decimal)
    held: Sums = defaultdict(Decimal)
    entries = Entry.objects.filter(wallet_id__gt=place[0], wallet_id__lte=place[1], hold_id__isnull=False)
    columns = entries.values_list("hold_id", "wallet_id", "kind", "held")
    for hold_id, wallet_id, kind, change in columns.iterator(size):
        held[hold_id, wallet_id] = money.add(held[hold_id, wallet_id], change)
        if kind in _RESIZES:
            made[hold_id, wallet_id] = money.add(made[hold_id, wallet_id], change)
    return made, held
