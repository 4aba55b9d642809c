"""What wallets held in the past, from their entries, at any size of the ledger.

The entries of a wallet are numbered without a gap and never change, and the moment of an entry is never before that
of the entry before it. So the last entry up to a moment is found by bisection, along the unique index of (wallet,
sequence): entries need no index of moments, which each write would have to change.

Entries of older servers can be out of order, by the difference between two servers' clocks. Then an entry is found
that is up to the moment, although later ones may be as well. But the bisection always looks at the same sequences
(`_STRIDES`), however long the wallet has grown: so the answer never changes, and a later moment never finds an
earlier entry. Statements of adjacent periods still share no line and lose none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from walletsvc.db import dialect
from walletsvc.db.statements import Statement, fetch
from walletsvc.errors import InvalidParameter
from walletsvc.money import ZERO
from walletsvc.queries.questions import BalanceQuestion
from walletsvc.queries.row_sql import texts_of
from walletsvc.schema.kinds import AMOUNT, INTEGER, TIME
from walletsvc.schema.resources import ENTRY

_LEAF = 256
"""The last step reads this many entries at most, one by one."""
_FAN = 64
"""One statement looks at fewer entries of a wallet than this: 61 and 63 for a wallet of a million."""
_STRIDES = tuple(_LEAF * _FAN**power for power in range(9, -1, -1))
"""The distances between the entries that are looked at, up to one that is beyond any sequence."""
_WALLETS_TOGETHER = 100
"""For how many wallets one statement has a SELECT each: SQLite allows 500."""


class Edge(NamedTuple):
    """The end of a part of the ledger: the entries before `at`, or up to `at` if that is `included`."""

    at: datetime
    included: bool


@dataclass(frozen=True, slots=True)
class Place:
    """The state of a wallet after its entry `sequence`, which was made `at` that moment. 0 is before the first."""

    sequence: int
    balance: Decimal
    held: Decimal
    at: datetime | None


BEFORE_FIRST = Place(0, ZERO, ZERO, None)


@dataclass(frozen=True, slots=True)
class Balance:
    """The balance of a wallet `at` a moment, after its entry `sequence`; 0 if that was before its first entry."""

    at: datetime
    sequence: int
    balance: Decimal
    held: Decimal
    currency: str


@dataclass(slots=True)
class Search:
    """The search for a wallet's last entry up to `edge`.

    Entry `low` is within the edge, or 0; entry `high` is not, or does not exist.
    """

    wallet_id: int
    low: int
    high: int
    edge: Edge | None = None
    """None for the entry `high` - 1, whatever its moment."""

    def probes(self, stride: int) -> range:
        """Return the sequences between the two bounds that are multiples of `stride`."""
        return range(self.low + stride, self.high, stride) if self.edge is not None else range(0)


def compute_balances(wallets: Sequence[tuple[int, int, str]], question: BalanceQuestion) -> list[Balance | None]:
    """Return the balance of each wallet, given as its id, sequence and currency; None if it has no such entry.

    Raises `InvalidParameter` for a moment in the future.
    """
    check_past(question)
    if question.at is not None:
        at = question.at.at
        edge = Edge(at, included=True)
        places = find_places([Search(wallet_id, 0, last + 1, edge) for wallet_id, last, _ in wallets])
        return [
            Balance(at, place.sequence, place.balance, place.held, currency)
            for place, (_, _, currency) in zip(places, wallets, strict=True)
        ]
    number = question.sequence or 0
    reaching = [each for each in wallets if each[1] >= number]
    searches = [Search(wallet_id, number, number + 1) for wallet_id, _, _ in reaching]
    found = dict(zip([each[0] for each in reaching], find_places(searches), strict=True))
    return [_balance_after(found.get(wallet_id), currency) for wallet_id, _, currency in wallets]


def _balance_after(place: Place | None, currency: str) -> Balance | None:
    if place is None or place.at is None:
        return None
    return Balance(place.at, place.sequence, place.balance, place.held, currency)


def check_past(question: BalanceQuestion) -> None:
    """Raise `InvalidParameter` for a moment in the future: other entries may still come before it."""
    if question.at is not None and question.at.at > timezone.now():
        raise InvalidParameter("There is no balance in the future yet.", parameter="at")


def find_places(searches: Sequence[Search]) -> list[Place]:
    """Return for each search the state after the entry that it finds.

    Takes one statement, and one more for each step of a bisection that the longest wallet needs: two up to 1,048,576
    entries. A search that finds nothing is before the first entry.
    """
    for stride in _STRIDES:
        wide = [each for each in searches if each.probes(stride)]
        for some in _chunks(wide):
            _narrow(some, stride)
    places = [BEFORE_FIRST] * len(searches)
    parts = [(number, each) for number, each in enumerate(searches) if each.high > 1]
    for start in range(0, len(parts), _WALLETS_TOGETHER):
        _read_places(parts[start : start + _WALLETS_TOGETHER], places)
    return places


def _narrow(searches: Sequence[Search], stride: int) -> None:
    """Bring the bounds of each search within `stride`."""
    parts: list[str] = []
    parameters: list[object] = []
    for number, search in enumerate(searches):
        probes = ", ".join(map(str, search.probes(stride)))
        beyond, values = _condition(search, is_beyond=True)
        parts.append(
            f"SELECT {number:d}, MIN(sequence) FROM walletsvc_entry{entry_hint()}"  # noqa: S608 - numbers and names of ours
            f" WHERE wallet_id = {search.wallet_id:d} AND sequence IN ({probes}){beyond}"
        )
        parameters += values
    for number, first in fetch(Statement(" UNION ALL ".join(parts), parameters)):
        search = searches[int(number)]
        if first is not None:
            search.high = int(first)
        search.low = (search.high - 1) // stride * stride if first is None else search.high - stride


def _read_places(searches: Sequence[tuple[int, Search]], places: list[Place]) -> None:
    """Read the last entry within the bounds of each search, into its place."""
    parts: list[str] = []
    parameters: list[object] = []
    for number, search in searches:
        within, values = _condition(search, is_beyond=False)
        part = (
            f"SELECT {number:d}, sequence, balance_after, held_after, created_at FROM walletsvc_entry{entry_hint()}"  # noqa: S608
            f" WHERE wallet_id = {search.wallet_id:d} AND sequence >= {search.low:d} AND sequence < {search.high:d}"
            f"{within} ORDER BY sequence DESC LIMIT 1"
        )
        # SQLite has no brackets around the parts of a UNION (https://www.sqlite.org/lang_select.html#compound).
        parts.append(f"SELECT * FROM ({part})" if dialect.vendor() == "sqlite" else f"({part})")  # noqa: S608
        parameters += values
    rows = fetch(Statement(" UNION ALL ".join(parts), parameters))
    for row_number, sequence, balance, held, at in texts_of(rows, (INTEGER, INTEGER, AMOUNT, AMOUNT, TIME)):
        moment = dialect.to_moment(at.decode())
        places[int(row_number)] = Place(int(sequence), Decimal(balance.decode()), Decimal(held.decode()), moment)


def _condition(search: Search, *, is_beyond: bool) -> tuple[str, Iterable[object]]:
    """Return the condition for an entry to be within the edge, or to be beyond it, and its parameters."""
    if search.edge is None:
        return "", ()
    signs = ("<=", ">") if search.edge.included else ("<", ">=")
    return f" AND created_at {signs[is_beyond]} %s", (connection.ops.adapt_datetimefield_value(search.edge.at),)


def entry_hint() -> str:
    """Return the words behind the table's name for a SELECT of entries of a wallet by their sequences."""
    # Without it, MariaDB could read all entries of the wallet, or of all wallets.
    return dialect.walk_hint(ENTRY.walks["wallet_id", "sequence"], is_forced=True, filtered=True)


def _chunks(searches: Sequence[Search]) -> Iterable[Sequence[Search]]:
    return (searches[start : start + _WALLETS_TOGETHER] for start in range(0, len(searches), _WALLETS_TOGETHER))
