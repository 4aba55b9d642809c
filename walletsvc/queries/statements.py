"""Statements: the entries of a wallet in a period, with their sums and the balances around them.

A period begins with its first moment and ends before its last, so adjacent periods share no entry and lose none.
Entries never change, so all that is read up to the wallet's last entry belongs to one snapshot, however many
statements it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from walletsvc import money
from walletsvc.db import dialect
from walletsvc.db.statements import Statement as Select
from walletsvc.db.statements import fetch
from walletsvc.money import ZERO
from walletsvc.principals import Principal
from walletsvc.queries.cursors import decode_cursor
from walletsvc.queries.history import Edge, Place, Search, entry_hint, find_places
from walletsvc.queries.questions import CursorPage, Period, Question, StatementQuestion, parse_order
from walletsvc.queries.records import Page, plan_for
from walletsvc.queries.row_sql import Row, texts_of
from walletsvc.schema.kinds import AMOUNT, INTEGER, TEXT, TIME
from walletsvc.schema.resources import ENTRY

_ORDER = parse_order(ENTRY, (), parent="wallet_id")
_CHUNK = 1000
"""How many lines are held in memory at a time."""
_SUMMED_TOGETHER = 5000
_WALLETS_TOGETHER = 100

_LINE = {
    "sequence": INTEGER,
    "created_at": TIME,
    "kind": TEXT,
    "txid": TEXT,
    "amount": AMOUNT,
    "balance_after": AMOUNT,
    "held": AMOUNT,
    "held_after": AMOUNT,
}
LINE_COLUMNS = tuple(_LINE)
"""The columns of a line, each as text."""


class Totals(NamedTuple):
    """The sums of what came in and of what went out, both 0 or more, and how many entries made each."""

    credits: Decimal = ZERO
    debits: Decimal = ZERO
    credit_count: int = 0
    debit_count: int = 0


NOTHING = Totals()


@dataclass(slots=True)
class Statement:
    """The statement of a wallet: opening + credits - debits = closing. `totals` and `lines` only if selected.

    `opening` and `closing` are the states before and after its entries; `lines` are pages of these, by alias.
    """

    wallet_id: int
    currency: str
    period: Period
    opening: Place
    closing: Place
    totals: Totals = NOTHING
    lines: Mapping[str, Page] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Return the number of its entries."""
        return self.closing.sequence - self.opening.sequence


FIGURES: Mapping[str, Callable[[Statement], Decimal]] = {
    "opening": attrgetter("opening.balance"),
    "closing": attrgetter("closing.balance"),
    "openingHeld": attrgetter("opening.held"),
    "closingHeld": attrgetter("closing.held"),
    "credits": attrgetter("totals.credits"),
    "debits": attrgetter("totals.debits"),
}
"""The amounts of a statement, by the name that both faces use."""


def compute_statements(
    wallets: Sequence[tuple[int, int, str]], question: StatementQuestion, *, principal: Principal
) -> list[Statement]:
    """Return the statement of each wallet, given as its id, sequence and currency.

    Raises `InvalidParameter` for an invalid cursor.
    """
    period = question.period
    edges = (Edge(period.start, included=False), Edge(period.end, included=False))
    searches = [Search(wallet_id, 0, last + 1, edge) for wallet_id, last, _ in wallets for edge in edges]
    places = find_places(searches)
    statements = [
        Statement(wallet_id, currency, period, opening, closing)
        for (wallet_id, _, currency), opening, closing in zip(wallets, places[::2], places[1::2], strict=True)
    ]
    if question.has_totals:
        _add_totals(statements)
    for lines in question.lines:
        pages = _read_pages(statements, lines, principal)
        for statement, page in zip(statements, pages, strict=True):
            statement.lines = {**statement.lines, lines.alias: page}
    return statements


# -- sums ------------------------------------------------------------------------------------------------


def _add_totals(statements: Sequence[Statement]) -> None:
    """Set the totals of the statements, with as many queries for many as for few."""
    filled = [each for each in statements if each.count]
    if dialect.vendor() == "sqlite":
        # It would add floats.
        _add_up(filled)
        return
    for start in range(0, len(filled), _WALLETS_TOGETHER):
        some = filled[start : start + _WALLETS_TOGETHER]
        parts = [f"SELECT {place:d}, {_SUMS} {_among(each)}" for place, each in enumerate(some)]
        for place, came, went, came_count, went_count in fetch(Select(" UNION ALL ".join(parts))):
            debits = money.negate(Decimal(went.decode()))
            some[int(place)].totals = Totals(Decimal(came.decode()), debits, int(came_count), int(went_count))


_SUMS = (
    "COALESCE(SUM(CASE WHEN amount > 0 THEN amount END), 0), COALESCE(SUM(CASE WHEN amount < 0 THEN amount END), 0),"
    " COUNT(CASE WHEN amount > 0 THEN 1 END), COUNT(CASE WHEN amount < 0 THEN 1 END)"
)


def _add_up(statements: Sequence[Statement]) -> None:
    """Add up here what the database cannot add exactly, some thousand entries of several wallets at a time."""
    parts: list[str] = []
    size = 0
    for place, each in enumerate(statements):
        for first in range(each.opening.sequence, each.closing.sequence, _SUMMED_TOGETHER):
            last = min(first + _SUMMED_TOGETHER, each.closing.sequence)
            parts.append(f"SELECT {place:d}, amount {_between(each.wallet_id, first, last)}")
            size += last - first
            if size >= _SUMMED_TOGETHER or len(parts) == _WALLETS_TOGETHER:
                _add_amounts(statements, parts)
                parts, size = [], 0
    if parts:
        _add_amounts(statements, parts)


def _add_amounts(statements: Sequence[Statement], parts: Sequence[str]) -> None:
    for place, value in fetch(Select(" UNION ALL ".join(parts))):
        amount, totals = dialect.to_decimal(value), statements[place].totals
        if amount > 0:
            added = totals._replace(credits=money.add(totals.credits, amount), credit_count=totals.credit_count + 1)
        elif amount < 0:
            added = totals._replace(debits=money.subtract(totals.debits, amount), debit_count=totals.debit_count + 1)
        else:
            added = totals
        statements[place].totals = added


def _among(statement: Statement) -> str:
    return _between(statement.wallet_id, statement.opening.sequence, statement.closing.sequence)


def _between(wallet_id: int, first: int, last: int) -> str:
    """Return the end of a SELECT of the entries after `first`, up to `last`."""
    where = f"wallet_id = {wallet_id:d} AND sequence > {first:d} AND sequence <= {last:d}"
    return f"FROM walletsvc_entry{entry_hint()} WHERE {where}"


# -- lines -----------------------------------------------------------------------------------------------


def check_lines(lines: Question) -> int:
    """Return the sequence that a page begins after. Raises `InvalidParameter` for an invalid cursor."""
    if not isinstance(lines.page, CursorPage) or lines.page.before is not None or lines.page.backward:
        raise TypeError("The lines of a statement are paged forward.")
    if lines.page.after is None:
        return 0
    (sequence,) = decode_cursor(lines.page.after, _ORDER, ENTRY, parameter="after")
    if not isinstance(sequence, int):
        raise TypeError("The order of lines is that of their sequences.")
    return sequence


def _read_pages(statements: Sequence[Statement], lines: Question, principal: Principal) -> list[Page]:
    """Return a page of the lines of each statement. A range of sequences is a page: there is no gap."""
    after = check_lines(lines)
    plan = plan_for(principal, ENTRY.name, lines.selection.fields, ("sequence", "wallet_id"))
    ranges = []
    for statement in statements:
        first = min(max(after, statement.opening.sequence), statement.closing.sequence)
        ranges.append((statement.wallet_id, first, min(first + lines.page.size, statement.closing.sequence)))
    columns = ", ".join(plan.columns)
    parts = [f"SELECT {columns} {_between(*each)}" for each in ranges if each[1] < each[2]]
    found: dict[tuple[int, int], Row] = {}
    for start in range(0, len(parts), _WALLETS_TOGETHER):
        text = " UNION ALL ".join(parts[start : start + _WALLETS_TOGETHER])
        for row in texts_of(fetch(Select(text)), plan.kinds):
            found[int(row[plan.places["wallet_id"]]), int(row[plan.places["sequence"]])] = row
    pages = []
    for statement, (wallet_id, first, last) in zip(statements, ranges, strict=True):
        rows = [found[wallet_id, sequence] for sequence in range(first + 1, last + 1)]
        pages.append(
            Page(
                plan,
                rows,
                _ORDER,
                has_next=last < statement.closing.sequence,
                has_previous=first > statement.opening.sequence,
                count=statement.count,
            )
        )
    return pages


def iterate_lines(statement: Statement) -> Iterator[Sequence[Row]]:
    """Yield all lines of a statement, in chunks: rows of `LINE_COLUMNS`, as text."""
    for first in range(statement.opening.sequence, statement.closing.sequence, _CHUNK):
        among = _between(statement.wallet_id, first, min(first + _CHUNK, statement.closing.sequence))
        rows = fetch(Select(f"SELECT {', '.join(LINE_COLUMNS)} {among} ORDER BY sequence"))
        yield texts_of(rows, tuple(_LINE.values()))
