"""The data of a run: consistent wallets, transactions and entries, generated inside the database.

Wallets 1 to N each open with 1,000,000.00; transaction t belongs to wallet (t - 1) mod N + 1 and is created one
second after the previous one. The peers get copies of the same rows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb

from benchmarks.harness.servers import ROOT, HarnessError

OPENING = "1000000"
FLOOR = "1000"
OWNERS = 20
OWNED_FROM = 7
OWNER = f"owner-{OWNED_FROM}"
"""One of the owners, who has wallet 7, and each twentieth from there."""
LABEL = "Wallet {}"
TXID = "load-{}"


@dataclass(frozen=True, slots=True)
class Size:
    """The number of wallets and of transactions; all wallets have equally many transactions."""

    wallets: int
    transactions: int

    def __post_init__(self) -> None:
        if self.transactions % self.wallets:
            raise ValueError("All wallets must have equally many transactions.")


def connect(url: str) -> MySQLdb.Connection:
    """Return an autocommitting connection to the database at `url`."""
    parts = urlsplit(url)
    return MySQLdb.connect(
        host=parts.hostname,
        port=parts.port,
        user=parts.username,
        password=parts.password,
        database=parts.path.removeprefix("/"),
        charset="utf8mb4",
        autocommit=True,
    )


def create_database(connection: MySQLdb.Connection, name: str) -> None:
    """Create an empty database."""
    connection.query(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")


def run_python(arguments: list[str], environment: Mapping[str, str], *, root: Path = ROOT) -> str:
    """Run Python in the checkout at `root`, and return its output. Raises HarnessError if it fails."""
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=os.environ | dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise HarnessError(f"python {' '.join(arguments)} failed:\n{finished.stdout}{finished.stderr}")
    return finished.stdout


def fill(connection: MySQLdb.Connection, size: Size) -> None:
    """Fill walletsvc's empty tables. A wallet's opening entry comes first, those of its transactions follow."""
    _make_numbers(connection, max(size.wallets, size.transactions))
    start = "TIMESTAMP '2026-01-01 00:00:00'"
    moment = f"{start} + INTERVAL number SECOND"
    wallet = f"(number - 1) MOD {size.wallets} + 1"
    # From -9.99 to 9.99, never 0, and the same in each run.
    amount = "((number * 7919) MOD 999 + 1) / 100 * IF((number * 31) MOD 7 < 4, 1, -1)"
    statements = [
        f"""INSERT INTO walletsvc_wallet
              (id, label, currency, balance, sequence, transaction_count, owner, metadata, created_at, updated_at)
            SELECT number, CONCAT('Wallet ', number), 'USD', {OPENING}, 1, 0, '', '{{}}', {start}, {start}
            FROM bench_number WHERE number <= {size.wallets} ORDER BY number""",
        f"""INSERT INTO walletsvc_transaction
              (id, txid, wallet_id, amount, currency, description, metadata, created_at, updated_at)
            SELECT number, CONCAT('load-', number), {wallet}, {amount}, 'USD', '', '{{}}', {moment}, {moment}
            FROM bench_number WHERE number <= {size.transactions} ORDER BY number""",
        f"""INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,
              txid, principal, created_at)
            SELECT id, 1, {OPENING}, {OPENING}, 'USD', 'opening', NULL, '', 'benchmark', created_at
            FROM walletsvc_wallet ORDER BY id""",
        f"""INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,
              txid, principal, created_at)
            SELECT wallet_id, (id - 1) DIV {size.wallets} + 2, amount,
              {OPENING} + SUM(amount) OVER (PARTITION BY wallet_id ORDER BY id ROWS UNBOUNDED PRECEDING),
              'USD', 'post', id, txid, 'benchmark', created_at
            FROM walletsvc_transaction ORDER BY id""",
        """UPDATE walletsvc_wallet JOIN
              (SELECT wallet_id, SUM(amount) AS total, MAX(sequence) AS last, COUNT(transaction_id) AS posted,
                 MAX(created_at) AS moment
               FROM walletsvc_entry GROUP BY wallet_id) entry ON entry.wallet_id = id
            SET balance = total, available = total, sequence = last, transaction_count = posted,
              updated_at = moment""",
        *_totals(),
        "DROP TABLE bench_number",
        "ANALYZE TABLE walletsvc_wallet, walletsvc_transaction, walletsvc_entry",
    ]
    _run(connection, statements)


def _totals() -> list[str]:
    received, paid = (f"COALESCE(SUM(GREATEST({sign}amount, 0)), 0)" for sign in ("", "-"))
    return [
        "DELETE FROM walletsvc_transactioncount",
        f"""INSERT INTO walletsvc_transactioncount (part, currency, count, received, paid)
            SELECT 0, 'USD', COUNT(transaction_id), {received}, {paid} FROM walletsvc_entry""",
    ]


def wallets_with_a_floor(wallets: int) -> tuple[int, int]:
    """Return the first and the last id of the wallets with a floor, which come after so many others."""
    return wallets + 1, 2 * wallets


def add_wallets_with_a_floor(connection: MySQLdb.Connection, size: Size) -> None:
    """Add wallets that must keep a part of what they open with, without transactions."""
    first, last = wallets_with_a_floor(size.wallets)
    _make_numbers(connection, last)
    start = "TIMESTAMP '2026-01-01 00:00:00'"
    statements = [
        f"""INSERT INTO walletsvc_wallet (id, label, currency, balance, floor, available, sequence, transaction_count,
              owner, metadata, created_at, updated_at)
            SELECT number, CONCAT('Floor ', number), 'USD', {OPENING}, {FLOOR}, {OPENING} - {FLOOR}, 2, 0, '', '{{}}',
              {start}, {start}
            FROM bench_number WHERE number BETWEEN {first} AND {last} ORDER BY number""",
        f"""INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,
              txid, principal, created_at)
            SELECT id, 1, {OPENING}, {OPENING}, 'USD', 'opening', NULL, '', 'benchmark', created_at
            FROM walletsvc_wallet WHERE id >= {first} ORDER BY id""",
        f"""INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,
              txid, principal, created_at, detail)
            SELECT id, 2, 0, {OPENING}, 'USD', 'settings', NULL, '', 'benchmark', created_at,
              '{{"floor": ["0.00", "{FLOOR}.00"]}}'
            FROM walletsvc_wallet WHERE id >= {first} ORDER BY id""",
        *_totals(),
        "DROP TABLE bench_number",
        "ANALYZE TABLE walletsvc_wallet, walletsvc_entry",
    ]
    _run(connection, statements)


def give_to_owners(connection: MySQLdb.Connection) -> None:
    """Give the wallets, with their transactions and entries, to the owners in turn."""
    owner = f"CONCAT('owner-', wallet.id MOD {OWNERS})"
    of_wallet = "JOIN walletsvc_wallet wallet ON wallet.id = line.wallet_id SET line.owner = wallet.owner"
    _run(
        connection,
        [
            f"UPDATE walletsvc_wallet wallet SET owner = {owner}",
            f"UPDATE walletsvc_transaction line {of_wallet}",
            f"UPDATE walletsvc_entry line {of_wallet}",
            "ANALYZE TABLE walletsvc_wallet, walletsvc_transaction, walletsvc_entry",
        ],
    )


def copy(connection: MySQLdb.Connection, source: str, *, wallet: str, transaction: str, entry: str | None) -> None:
    """Copy all rows of database `source` into a peer's tables, which have the same columns or fewer."""
    targets = [(wallet, "walletsvc_wallet"), (transaction, "walletsvc_transaction")]
    targets += [(entry, "walletsvc_entry")] if entry else []
    for target, origin in targets:
        columns = ", ".join(f"`{name}`" for name in _columns(connection, target))
        _run(connection, [f"INSERT INTO `{target}` ({columns}) SELECT {columns} FROM {source}.{origin} ORDER BY id"])
        _run(connection, [f"ANALYZE TABLE `{target}`"])


def count_wrong_balances(
    connection: MySQLdb.Connection, *, wallet: str = "walletsvc_wallet", transaction: str = "walletsvc_transaction"
) -> int:
    """Return how many wallets differ from the sum of their opening balance and transactions."""
    return int(
        scalar(
            connection,
            f"SELECT COUNT(*) FROM `{wallet}` wallet WHERE balance < 0 OR balance <> {OPENING} + COALESCE("
            f"(SELECT SUM(amount) FROM `{transaction}` WHERE wallet_id = wallet.id), 0)",
        )
    )


def count_rows(connection: MySQLdb.Connection, table: str) -> int:
    """Return the number of rows in a table."""
    return int(scalar(connection, f"SELECT COUNT(*) FROM `{table}`"))


def scalar(connection: MySQLdb.Connection, statement: str) -> str:
    """Return the single value of a statement's result."""
    cursor = connection.cursor()
    cursor.execute(statement)
    ((value,),) = cursor.fetchall()
    return str(value)


def _columns(connection: MySQLdb.Connection, table: str) -> list[str]:
    cursor = connection.cursor()
    cursor.execute(f"SELECT * FROM `{table}` LIMIT 0")
    return [column[0] for column in cursor.description]


def amount_of(number: int) -> str:
    """Return the amount of a transaction as a server prints it."""
    cents = (number * 7919 % 999 + 1) * (1 if number * 31 % 7 < 4 else -1)
    return f"{cents / 100:.2f}"


def _make_numbers(connection: MySQLdb.Connection, count: int) -> None:
    digits = " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10))
    places = range(len(str(count)))
    total = " + ".join(f"d{place}.digit * {10**place}" for place in places)
    tables = ", ".join(f"({digits}) d{place}" for place in places)
    numbers = f"SELECT number FROM (SELECT {total} + 1 AS number FROM {tables}) numbers WHERE number <= {count}"
    _run(
        connection,
        [
            "CREATE TABLE bench_number (number BIGINT PRIMARY KEY)",
            f"INSERT INTO bench_number {numbers} ORDER BY number",
        ],
    )


def _run(connection: MySQLdb.Connection, statements: list[str]) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
