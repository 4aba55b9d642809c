"""Servers of the version before holds and floors: their tables, and their statements."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Event, Thread

from alembic import command
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.database.rows import NOW, execute, fetch
from tests.database.test_alembic import CONFIG
from walletsvc.db import dialect

OWNERS = ("alice", "", "bob")
ROWS_A_STATEMENT = 2000
_ENTRY_COLUMNS = (
    "wallet_id, sequence, amount, balance_after, currency, kind, transaction_id, txid, principal, owner, created_at,"
    " shown_principal"
)
_TRANSACTION_COLUMNS = "txid, wallet_id, amount, currency, owner, description, metadata, created_at, updated_at"
_ADD_TO_COUNT = {
    "mysql": "ON DUPLICATE KEY UPDATE count = count + %s",
    "sqlite": "ON CONFLICT (part) DO UPDATE SET count = walletsvc_transactioncount.count + %s",
}


def set_up_as_of_0012() -> None:
    """Make the tables of that version."""
    call_command("migrate", "walletsvc", "0012", verbosity=0)
    command.upgrade(CONFIG, "0006")


def fill(*, wallets: int, entries: int) -> None:
    """Give each of so many wallets its share of the entries: a post of 1.00 each."""
    each = entries // wallets
    rows = [
        (number, f"W{number}", "USD", each, each, each, OWNERS[number % 3], "{}", NOW, NOW)
        for number in range(1, wallets + 1)
    ]
    columns = "id, label, currency, balance, sequence, transaction_count, owner, metadata, created_at, updated_at"
    _insert("walletsvc_wallet", columns, rows)
    for wallet, label, currency, *_, owner, _metadata, _created, _updated in rows:
        first = (int(str(wallet)) - 1) * each + 1
        named = [(first + place, f"{label}.{place}") for place in range(each)]
        _insert(
            "walletsvc_transaction",
            f"id, {_TRANSACTION_COLUMNS}",
            [(number, txid, wallet, 1, currency, owner, "", "{}", NOW, NOW) for number, txid in named],
        )
        _insert(
            "walletsvc_entry",
            _ENTRY_COLUMNS,
            [
                (wallet, place, 1, place, currency, "post", number, txid, "anonymous", owner, NOW, "anonymous")
                for place, (number, txid) in enumerate(named, start=1)
            ],
        )
    execute("UPDATE walletsvc_transactioncount SET count = %s WHERE part = 0", wallets * each)


def _insert(table: str, columns: str, rows: Sequence[Sequence[object]]) -> None:
    size = max(1, min(ROWS_A_STATEMENT, connection.features.max_query_params or 60_000) // len(rows[0]))
    for start in range(0, len(rows), size):
        some = rows[start : start + size]
        places = ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(some))
        execute(f"INSERT INTO {table} ({columns}) VALUES {places}", *(value for row in some for value in row))  # noqa: S608


@dataclass
class OldServer:
    """Writes to wallets of its own, as a server of that version does, and knows what each must have."""

    name: str
    wallets: Sequence[int]
    stored: int = 0
    balances: dict[int, Decimal] = field(default_factory=dict)
    _live: dict[int, tuple[int, str, Decimal]] = field(default_factory=dict)
    """Wallet, txid and amount of the transactions of its own that are there."""

    def act(self, chance: random.Random) -> None:
        """Post, amend or delete: once more where the database asks for that."""
        kind = chance.choice(["post", "post", "post", "amend", "delete"]) if self._live else "post"
        identifier = chance.choice([*self._live]) if kind != "post" else None
        wallet = self._live[identifier][0] if identifier is not None else chance.choice(self.wallets)
        amount = Decimal(chance.choice([-1, 1]) * chance.randint(1, 900)) / 100
        while True:
            try:
                with transaction.atomic():
                    self._change(kind, wallet, identifier, amount)
            except DatabaseError as error:
                if dialect.meaning_of(error) is not dialect.Meaning.AGAIN:
                    raise
            else:
                self.stored += 1
                return

    def post(self, wallet: int, amount: Decimal) -> None:
        """Post an amount that the wallet must have."""
        with transaction.atomic():
            self._change("post", wallet, None, amount)
        self.stored += 1

    def _change(self, kind: str, wallet: int, identifier: int | None, amount: Decimal) -> None:
        lock = "FOR UPDATE" if connection.vendor == "mysql" else ""
        [(balance, sequence, count, owner)] = fetch(
            f"SELECT balance, sequence, transaction_count, owner FROM walletsvc_wallet WHERE id = %s {lock}",  # noqa: S608
            wallet,
        )
        _, txid, old = self._live.get(identifier or 0, (wallet, f"{self.name} {self.stored}", Decimal()))
        change = amount if kind == "post" else -old if kind == "delete" else amount - old
        after = Decimal(str(balance)).quantize(Decimal("0.01")) + change
        if after < 0 or not change:
            return
        added = {"post": 1, "amend": 0, "delete": -1}[kind]
        at = timezone.now()
        execute(
            "UPDATE walletsvc_wallet SET balance = %s, sequence = %s, transaction_count = %s, updated_at = %s"
            " WHERE id IN (%s)",
            *(after, sequence + 1, count + added, at, wallet),
        )
        if kind == "post":
            with connection.cursor() as cursor:
                places = ", ".join(["%s"] * 9)
                values = [txid, wallet, amount, "USD", owner, "", "{}", at, at]
                insert = f"INSERT INTO walletsvc_transaction ({_TRANSACTION_COLUMNS}) VALUES ({places})"  # noqa: S608
                cursor.execute(insert, values)
                identifier = cursor.lastrowid
        line = (wallet, sequence + 1, change, after, "USD", kind, identifier, txid, "key:1", owner, at, "key")
        execute(f"INSERT INTO walletsvc_entry ({_ENTRY_COLUMNS}) VALUES ({', '.join(['%s'] * 12)})", *line)  # noqa: S608
        if kind == "amend":
            execute("UPDATE walletsvc_transaction SET amount = %s WHERE id = %s", amount, identifier)
        elif kind == "delete":
            execute("DELETE FROM walletsvc_transaction WHERE id = %s", identifier)
        if added:
            to = _ADD_TO_COUNT[connection.vendor]
            execute(
                f"INSERT INTO walletsvc_transactioncount (part, count) VALUES (%s, %s) {to}",  # noqa: S608
                *(7, added, added),
            )
        connection.on_commit(lambda: self._note(wallet, int(identifier or 0), kind, txid, amount, after))

    def _note(self, wallet: int, identifier: int, kind: str, txid: str, amount: Decimal, after: Decimal) -> None:
        self.balances[wallet] = after
        if kind == "delete":
            del self._live[identifier]
        else:
            self._live[identifier] = (wallet, txid, amount)


@contextmanager
def going_on(*servers: OldServer) -> Iterator[None]:
    """Let old servers write, each from a thread of its own, until the end."""
    is_over, failures = Event(), list[BaseException]()

    def write(server: OldServer, seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not is_over.is_set():
                server.act(chance)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [Thread(target=write, args=(server, seed)) for seed, server in enumerate(servers)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        is_over.set()
        for each in threads:
            each.join()
    assert failures == []
