"""The floor: only the five round trips of a post, by mysqlclient in a loop.

`python -m benchmarks.peers.floor --seconds 5 --wallets 1000` works on walletsvc's own tables in DATABASE_URL, with as
many processes and threads as the server, and prints `{"posted": …, "seconds": …}`. It guards as the server does.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlsplit

import MySQLdb

LOCK = (
    "SELECT id, currency, balance, sequence, transaction_count, owner FROM walletsvc_wallet FORCE INDEX (PRIMARY)"
    " WHERE id IN (%s) ORDER BY id FOR UPDATE"
)
UPDATE = (
    "UPDATE walletsvc_wallet SET balance = %s, available = %s, sequence = %s, transaction_count = %s, updated_at = %s"
    " WHERE id = %s"
)
INSERT = (
    "INSERT INTO walletsvc_transaction"
    " (txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
INSERT_ENTRY = (
    "INSERT INTO walletsvc_entry"
    " (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id, txid, principal, created_at)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)

ADD_TO_TOTALS = (
    "INSERT INTO walletsvc_transactioncount (part, currency, count, received, paid) VALUES (0, 'USD', %s, %s, %s)"
    " ON DUPLICATE KEY UPDATE count = count + VALUES(count), received = received + VALUES(received),"
    " paid = paid + VALUES(paid)"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Post for the given time and print the number of posts."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers.floor", description=main.__doc__)
    parser.add_argument("--seconds", type=float, required=True, help="for how long")
    parser.add_argument("--wallets", type=int, required=True, help="post to the wallets from 1 to this id")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--threads", type=int, default=8, help="threads of each process, a connection each")
    options = parser.parse_args(arguments)
    with ProcessPoolExecutor(options.processes) as pool:
        runs = [
            pool.submit(post_from_threads, options.threads, options.wallets, options.seconds)
            for _ in range(options.processes)
        ]
        rates = [run.result() for run in runs]
    posted = sum(count for count, _ in rates)
    print(json.dumps({"posted": posted, "seconds": max(seconds for _, seconds in rates)}))
    return 0


def post_from_threads(threads: int, wallets: int, seconds: float) -> tuple[int, float]:
    """Return how many transactions the threads of this process posted, and the seconds they took."""
    connections = [_connect(os.environ["DATABASE_URL"]) for _ in range(threads)]
    posted: list[list[Decimal]] = [[] for _ in range(threads)]
    started = time.monotonic()

    def work(place: int) -> None:
        prefix = uuid.uuid4().hex
        for number in itertools.count():
            if time.monotonic() - started >= seconds:
                break
            amount = _post(connections[place], f"{prefix}-{number}", random.randint(1, wallets))
            if amount is not None:
                posted[place].append(amount)

    workers = [threading.Thread(target=work, args=(place,)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.monotonic() - started
    # Not measured: the server's books must be correct afterwards.
    amounts = [amount for each in posted for amount in each]
    received, paid = (sum((sign * each for each in amounts if sign * each > 0), Decimal(0)) for sign in (1, -1))
    connections[0].cursor().execute(ADD_TO_TOTALS, [len(amounts), str(received), str(paid)])
    connections[0].commit()
    return len(amounts), seconds


def _connect(url: str) -> MySQLdb.Connection:
    parts = urlsplit(url)
    connection = MySQLdb.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path.removeprefix("/"),
        charset="utf8mb4",
        autocommit=False,  # the first statement begins the transaction, without a round trip
    )
    connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    return connection


def _post(connection: MySQLdb.Connection, txid: str, wallet_id: int) -> Decimal | None:
    """Return the amount that was posted, or None if it was refused."""
    cursor = connection.cursor()
    cursor.execute(LOCK, [wallet_id])
    ((_, currency, balance, sequence, count, _owner),) = cursor.fetchall()
    amount = Decimal(random.choice(range(-500, 501, 3))) / 100
    after = balance + amount
    if after < 0:
        connection.rollback()
        return None
    at = datetime.now(UTC).replace(tzinfo=None).isoformat(" ")
    cursor.execute(UPDATE, [str(after), str(after), sequence + 1, count + 1, at, wallet_id])
    cursor.execute(INSERT, [txid, wallet_id, str(amount), currency, "", "{}", at, at])
    row = [wallet_id, sequence + 1, str(amount), str(after), currency, "post", cursor.lastrowid, txid, "floor", at]
    cursor.execute(INSERT_ENTRY, row)
    cursor.close()
    connection.commit()
    return amount


if __name__ == "__main__":
    sys.exit(main())
