"""How many transactions there are: kept as they come and go, so that no list has to count them."""

from __future__ import annotations

import threading

from walletsvc import engines
from walletsvc.ledger import statements

PARTS = 64
"""Enough for each thread of several servers to have its own, and quickly added up."""

_ADD = "INSERT INTO walletsvc_transactioncount (part, count) VALUES (%s, %s)"
_TO = {"mysql": "ON DUPLICATE KEY UPDATE count = count + %s"}
_TO_ELSEWHERE = "ON CONFLICT (part) DO UPDATE SET count = walletsvc_transactioncount.count + %s"


def add_to_count(added: int) -> None:
    """Add to the number of all transactions.

    Call it last in a transaction: whoever holds a part then waits for nothing but COMMIT, and so in no circle.
    """
    # Threads are numbered one after the other, so those of a server that write at once have different parts.
    part = threading.get_native_id() % PARTS
    statements.write(f"{_ADD} {_TO.get(engines.vendor(), _TO_ELSEWHERE)}", [part, added, added])
