"""The rows to ask about: a million of each table, in a thousand wallets or in ten."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import MySQLdb

from benchmarks.harness import dataset
from benchmarks.harness.contenders import our_environment
from benchmarks.harness.servers import BenchmarkMariaDB

SPREAD, DEEP, SMALL = "spread", "deep", "small"
OWNERS = 1_000
SIZES: Mapping[str, dataset.Size] = {
    SPREAD: dataset.Size(1_000, 1_000_000),
    DEEP: dataset.Size(10, 1_000_000),
    SMALL: dataset.Size(1_000, 10_000),
}
_STATES = "IF(number MOD 1000 = 0, 'open', IF(number MOD 2 = 0, 'captured', 'released'))"
_MOMENT = "TIMESTAMP '2026-01-01 00:00:00' + INTERVAL number SECOND"


def make_databases(server: BenchmarkMariaDB, redis_url: str, say: Callable[[str], None]) -> None:
    """Create and fill a database of each size."""
    for name, size in SIZES.items():
        say(f"making {size.transactions:,} transactions in {size.wallets:,} wallets")
        url = server.url_of(name)
        with dataset.connect(server.url) as connection:
            dataset.create_database(connection, name)
        dataset.run_python(["manage.py", "setup_database", "-v0"], our_environment(url, redis_url))
        with dataset.connect(url) as connection:
            dataset.fill(connection, size, owners=OWNERS)
            if name != DEEP:
                say(f"making as many wallets, transfers and holds: {size.transactions:,}")
                _add_the_rest(connection, size)


def _add_the_rest(connection: MySQLdb.Connection, size: dataset.Size) -> None:
    """Add wallets without transactions, transfers without legs, and holds of the wallets with transactions."""
    dataset.make_numbers(connection, size.transactions)
    owner = f"CONCAT('owner-', number MOD {OWNERS})"
    wallet = f"number MOD {size.wallets} + 1"
    statements = [
        f"""INSERT INTO walletsvc_wallet
              (id, label, currency, balance, available, sequence, owner, metadata, created_at, updated_at)
            SELECT number, CONCAT('Wallet ', number), IF(number MOD 1000 = 0, 'EUR', 'USD'), number MOD 99991 / 100,
              number MOD 99991 / 100, 0, {owner}, '{{}}', {_MOMENT}, {_MOMENT}
            FROM bench_number WHERE number > {size.wallets} ORDER BY number""",
        f"""INSERT INTO walletsvc_transfer (id, txid, owner, description, metadata, external, fingerprint, created_at)
            SELECT number, CONCAT('move-', number), {owner}, '', '{{}}', '{{}}', REPEAT('0', 16), {_MOMENT}
            FROM bench_number ORDER BY number""",
        f"""INSERT INTO walletsvc_hold (id, txid, wallet_id, amount, remaining, currency, owner, state, description,
              metadata, fingerprint, created_at, updated_at, captured, released, expires_at)
            SELECT number, CONCAT('hold-', number), {wallet}, 5, 0, 'USD', CONCAT('owner-', ({wallet}) MOD {OWNERS}),
              {_STATES}, '', '{{}}', REPEAT('0', 16), {_MOMENT}, {_MOMENT}, 0, 0,
              IF(number MOD 3 = 0, NULL, {_MOMENT} + INTERVAL 30 DAY)
            FROM bench_number ORDER BY number""",
        "DROP TABLE bench_number",
        "ANALYZE TABLE walletsvc_wallet, walletsvc_transfer, walletsvc_hold",
    ]
    dataset.run(connection, statements)
