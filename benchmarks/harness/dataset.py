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
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import MySQLdb

from benchmarks.harness.servers import ROOT, HarnessError

OPENING = "1000000"
FLOOR = "1000"
HELD = "500000"
OWNERS = 20
OWNED_FROM = 7
OWNER = f"owner-{OWNED_FROM}"
"""One of the owners, who has wallet 7, and each twentieth from there."""
LABEL = "Wallet {}"
TXID = "load-{}"
_START = "TIMESTAMP '2026-01-01 00:00:00'"


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


def fill(connection: MySQLdb.Connection, size: Size, *, owners: int = 0) -> None:
    """Fill walletsvc's empty tables. A wallet's opening entry comes first, those of its transactions follow.

    The wallets belong to so many `owners` in turn, or to nobody.
    """
    owner = f"CONCAT('owner-', {{}} MOD {owners})" if owners else "''"
    make_numbers(connection, max(size.wallets, size.transactions))
    moment = f"{_START} + INTERVAL number SECOND"
    wallet = f"(number - 1) MOD {size.wallets} + 1"
    # From -9.99 to 9.99, never 0, and the same in each run.
    amount = "((number * 7919) MOD 999 + 1) / 100 * IF((number * 31) MOD 7 < 4, 1, -1)"
    statements = [
        f"""INSERT INTO walletsvc_wallet
              (id, label, currency, balance, sequence, transaction_count, owner, metadata, created_at, updated_at)
            SELECT number, CONCAT('Wallet ', number), 'USD', {OPENING}, 1, 0, {owner.format("number")}, '{{}}',
              {_START}, {_START}
            FROM bench_number WHERE number <= {size.wallets} ORDER BY number""",
        f"""INSERT INTO walletsvc_transaction
              (id, txid, wallet_id, amount, currency, owner, description, metadata, created_at, updated_at)
            SELECT number, CONCAT('load-', number), {wallet}, {amount}, 'USD', {owner.format(f"({wallet})")}, '',
              '{{}}', {moment}, {moment}
            FROM bench_number WHERE number <= {size.transactions} ORDER BY number""",
        f"""INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,
              txid, principal, owner, created_at)
            SELECT id, 1, {OPENING}, {OPENING}, 'USD', 'opening', NULL, '', 'benchmark', owner, created_at
            FROM walletsvc_wallet ORDER BY id""",
        f"""INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,
              txid, principal, owner, created_at)
            SELECT wallet_id, (id - 1) DIV {size.wallets} + 2, amount,
              {OPENING} + SUM(amount) OVER (PARTITION BY wallet_id ORDER BY id ROWS UNBOUNDED PRECEDING),
              'USD', 'post', id, txid, 'benchmark', owner, created_at
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
    run(connection, statements)


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


def wallets_with_a_hold(wallets: int) -> tuple[int, int]:
    """Return the first and the last id of the wallets with a hold, whose id is the wallet's."""
    return 2 * wallets + 1, 3 * wallets


def add_wallets_with_limits(connection: MySQLdb.Connection, size: Size) -> None:
    """Add the wallets that keep a part of what they open with: a floor, or what is held. None has transactions."""
    floors = wallets_with_a_floor(size.wallets)
    make_numbers(connection, floors[1])
    _add_wallets(connection, "Floor", floors, floor=FLOOR)
    run(connection, ["DROP TABLE bench_number"])
    add_wallets_with_holds(connection, wallets_with_a_hold(size.wallets))


def add_wallets_with_holds(
    connection: MySQLdb.Connection, ids: tuple[int, int], *, ends: datetime | None = None
) -> None:
    """Add wallets with these ids, from the first to the last, each with a hold of the same id that `ends` then."""
    first, last = ids
    make_numbers(connection, last)
    end = "NULL" if ends is None else f"'{ends.replace(tzinfo=None).isoformat(' ')}'"
    hold = f"""INSERT INTO walletsvc_hold (id, txid, wallet_id, amount, remaining, currency, owner, state,
                  description, metadata, fingerprint, created_at, updated_at, captured, released, expires_at)
                SELECT number, CONCAT('hold-', number), number, {HELD}, {HELD}, 'USD', '', 'open', '', '{{}}',
                  REPEAT('0', 16), {_START}, {_START}, 0, 0, {end}
                FROM bench_number WHERE number BETWEEN {first} AND {last} ORDER BY number"""
    _add_wallets(connection, "Hold", ids, held=HELD)
    expiry = f"UPDATE walletsvc_wallet SET next_expiry = {end} WHERE id BETWEEN {first} AND {last}"
    run(connection, [hold, expiry, *_totals(), "DROP TABLE bench_number"])
    run(connection, ["ANALYZE TABLE walletsvc_wallet, walletsvc_entry, walletsvc_hold"])


def let_holds_expire(connection: MySQLdb.Connection, ids: tuple[int, int]) -> None:
    """Let the holds with these ids, whose wallets have the same, end now."""
    moment = f"'{datetime.now(UTC).replace(tzinfo=None).isoformat(' ')}'"
    statements = [
        f"UPDATE walletsvc_wallet SET next_expiry = {moment} WHERE id BETWEEN {ids[0]} AND {ids[1]}",
        f"UPDATE walletsvc_hold SET expires_at = {moment} WHERE id BETWEEN {ids[0]} AND {ids[1]}",
    ]
    connection.begin()
    run(connection, statements)
    connection.commit()


def _add_wallets(
    connection: MySQLdb.Connection, name: str, ids: tuple[int, int], *, floor: str = "0", held: str = "0"
) -> None:
    """Add wallets whose second entry sets a floor, or holds money by the hold with the wallet's id."""
    first, last = ids
    kind, hold, txid = ("hold", "id", "CONCAT('hold-', id)") if held != "0" else ("settings", "NULL", "''")
    detail = f'{{"floor": ["0.00", "{floor}.00"]}}' if floor != "0" else "{}"
    rows = f"FROM walletsvc_wallet WHERE id BETWEEN {first} AND {last} ORDER BY id"
    columns = """wallet_id, sequence, amount, balance_after, currency, kind, transaction_id, txid, principal,
              created_at, held, held_after, hold_id, detail"""
    run(
        connection,
        [
            f"""INSERT INTO walletsvc_wallet (id, label, currency, balance, held, floor, available, sequence,
                  transaction_count, owner, metadata, created_at, updated_at)
                SELECT number, CONCAT('{name} ', number), 'USD', {OPENING}, {held}, {floor},
                  {OPENING} - {held} - {floor}, 2, 0, '', '{{}}', {_START}, {_START}
                FROM bench_number WHERE number BETWEEN {first} AND {last} ORDER BY number""",
            f"""INSERT INTO walletsvc_entry ({columns})
                SELECT id, 1, {OPENING}, {OPENING}, 'USD', 'opening', NULL, '', 'benchmark', created_at,
                  0, 0, NULL, '{{}}' {rows}""",
            f"""INSERT INTO walletsvc_entry ({columns})
                SELECT id, 2, 0, {OPENING}, 'USD', '{kind}', NULL, {txid}, 'benchmark', created_at,
                  {held}, {held}, {hold}, '{detail}' {rows}""",
        ],
    )


def give_to_owners(connection: MySQLdb.Connection) -> None:
    """Give the wallets, with their transactions and entries, to the owners in turn."""
    owner = f"CONCAT('owner-', wallet.id MOD {OWNERS})"
    of_wallet = "JOIN walletsvc_wallet wallet ON wallet.id = line.wallet_id SET line.owner = wallet.owner"
    run(
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
        run(connection, [f"INSERT INTO `{target}` ({columns}) SELECT {columns} FROM {source}.{origin} ORDER BY id"])
        run(connection, [f"ANALYZE TABLE `{target}`"])


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


def make_numbers(connection: MySQLdb.Connection, count: int) -> None:
    """Make the table of the numbers from 1 to `count`."""
    digits = " UNION ALL ".join(f"SELECT {digit} AS digit" for digit in range(10))
    places = range(len(str(count)))
    total = " + ".join(f"d{place}.digit * {10**place}" for place in places)
    tables = ", ".join(f"({digits}) d{place}" for place in places)
    numbers = f"SELECT number FROM (SELECT {total} + 1 AS number FROM {tables}) numbers WHERE number <= {count}"
    run(
        connection,
        [
            "CREATE TABLE bench_number (number BIGINT PRIMARY KEY)",
            f"INSERT INTO bench_number {numbers} ORDER BY number",
        ],
    )


def run(connection: MySQLdb.Connection, statements: list[str]) -> None:
    """Run statements that return nothing."""
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()
