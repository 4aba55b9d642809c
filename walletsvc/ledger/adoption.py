"""Give rows the owner of their wallet, where a server that knew nothing of it has written them.

Rows are adopted in the order of their ids, some by each short transaction, so that a writer never waits for long; and
as often as it is asked for. Its statements are plain, as migrations run them too, whatever the models are by then.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from django.db import DatabaseError, connection

from walletsvc.db import dialect

ROWS_AT_ONCE = 1000
"""How many a transaction changes: all of one owner."""
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
    """Give transactions that are nobody's the owner of their wallet, and return how many there were.

    One stays as it is where another of that owner has its txid: `manage.py reconcile` names it.
    """
    return _adopt("walletsvc_transaction", or_=_IGNORE.get(dialect.vendor(), ""))


def adopt_entries() -> int:
    """Give entries that are nobody's the owner of their wallet, and return how many there were.

    Alembic's revision 0004 lets it (`alembic/versions`). Entries whose wallet is gone stay nobody's: whose it was is
    written nowhere.
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
        # No wallet is locked meanwhile: what is read of it above never changes.
        for owner, ids in of_owner.items():
            for start in range(0, len(ids), ROWS_AT_ONCE):
                adopted += _update(table, or_, owner, ids[start : start + ROWS_AT_ONCE])


def _update(table: str, or_: str, owner: str, ids: Sequence[int]) -> int:
    marks = ", ".join(["%s"] * len(ids))
    statement = f"UPDATE {or_} {table} SET owner = %s WHERE id IN ({marks}) AND owner = ''"  # noqa: S608 - no input
    for number in range(ATTEMPTS):
        time.sleep(BACKOFF_SECONDS * number)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, [owner, *ids])
                return int(cursor.rowcount)
        except DatabaseError as error:
            if (
                dialect.meaning_of(error) is not dialect.Meaning.AGAIN
                or connection.in_atomic_block
                or number == ATTEMPTS - 1
            ):
                raise
    raise AssertionError("The last attempt has raised.")
