"""What crosses the border: money that comes from outside, and money that goes there. Pure.

Every change of a balance crosses it, except the legs of a transfer and the two halves of a move. Of a transfer, what
is external crosses. Both directions are gross: one is never set off against the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from walletsvc import money
from walletsvc.ledger.totals import Total
from walletsvc.ledger.writer import Line, PostedTransfer
from walletsvc.models.entry import Kind

_MOVES = (Kind.MOVE_OUT, Kind.MOVE_IN)
_ADDED: Mapping[Kind, int] = {
    Kind.POST: 1,
    Kind.TRANSFER_OUT: 1,
    Kind.TRANSFER_IN: 1,
    Kind.CAPTURE: 1,
    Kind.REVERSAL: 1,
    Kind.DELETE: -1,
}
"""How many transactions a line of this kind adds."""


def add_lines(totals: defaultdict[str, Total], lines: Iterable[Line], transfers: Iterable[PostedTransfer]) -> None:
    """Add to the total of each currency what these lines come to, and `transfers`, which some of them belong to."""
    legs = {id(leg) for each in transfers for leg in each.legs}
    for line in lines:
        total = totals[line.wallet.currency]
        total.count += _ADDED.get(line.kind, 0)
        if line.kind not in _MOVES and id(line.transaction) not in legs:
            total.cross(line.amount)
    for each in transfers:
        for currency, amount in each.transfer.external.items():
            totals[currency].cross(money.negate(Decimal(amount)))
