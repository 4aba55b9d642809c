"""Give rows the owner of their wallet, if an older server wrote them without one.

Rows are adopted in the order of their ids, a few in each short transaction, so that no writer waits for long. It can
run any number of times. Its SQL does not depend on the models, because migrations run it too.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from django.db import DatabaseError, connection

from walletsvc.db import dialect

ROWS_AT_ONCE = 1000
"""How many rows one transaction changes, all of the same owner."""
ROWS_READ = 20_000
ATTEMPTS = 20
BACKOFF_SECONDS = 0.05

_OWNED = "SELECT 1 FROM walletsvc_wallet WHERE owner <> '' LIMIT 1"
# The rows come first, in the order of their ids: MariaDB would begin with the wallets, and sort all rows each time.
_ORPHANS = (
    "SELECT row_.id, wallet.owner FROM {table} row_ {join} walletsvc_wallet wallet ON wallet.id = row_.wallet_id"
    " WHERE row_.owner = '' AND wallet.owner <> '' AND row_.id > %s ORDER BY row_.id LIMIT %s"
)
_JOIN = {"mysql": "STRAIGHT_JOIN", "sqlite": "CROSS JOIN"}
_IGNORE = {"mysql": "IGNORE", "sqlite": "OR IGNORE"}


def adopt_transactions() -> int:
    """Give transactions without an owner that of their wallet, and return how many there were.

    One stays as it is if another transaction of that owner has its txid: `manage.py reconcile` names it.
    """
    return _adopt("walletsvc_transaction", or_=_IGNORE.get(dialect.vendor(), ""))


def adopt_entries() -> int:
    """Give entries without an owner that of their wallet, and return how many there were.

    Alembic's revision 0004 allows this change (`alembic/versions`). Entries of a deleted wallet stay without an
    owner, because it is recorded nowhere.
    """
    return _adopt("walletsvc_entry", or_="")


def _adopt(table: str, *, or_: str) -> int:
    adopted, last = 0, 0
    with connection.cursor() as cursor:
        cursor.execute(_OWNED)
        if cursor.fetchone() is None:
            return 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_ORPHANS.format(table=table, join=_JOIN.get(dialect.vendor(), "JOIN")), [last, ROWS_READ])
            rows = cursor.fetchall()
        if not rows:
            return adopted
        last = rows[-1][0]
        of_owner: defaultdict[str, list[int]] = defaultdict(list)
        for identifier, owner in rows:
            of_owner[owner].append(identifier)
        # The wallets need no lock: the values read above never change.
        for owner, ids in of_owner.items():
            for start in range(0, len(ids), ROWS_AT_ONCE):
                adopted += _update(table, or_, owner, ids[start : start + ROWS_AT_ONCE])


def _update(table: str, or_: str, owner: str, ids: Sequence[int]) -> int:
    marks = ", ".join(["%s"] * len(ids))
    statement = f"UPDATE {or_} {table} SET owner = %s WHERE id IN ({marks}) AND owner = ''"  # noqa: S608 - no input
    failures = 0
    while True:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, [owner, *ids])
                return int(cursor.rowcount)
        except DatabaseError as error:
            failures += 1
            is_over = connection.in_atomic_block or failures == ATTEMPTS
            if is_over or dialect.meaning_of(error) is not dialect.Meaning.AGAIN:
                raise
        time.sleep(BACKOFF_SECONDS * failures)
