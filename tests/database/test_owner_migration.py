"""A database from before rows had owners is migrated while servers of that version keep writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from itertools import count
from threading import Event, Thread

import pytest
from alembic import command
from alembic.util import CommandError
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from tests.database.rows import NOW, execute, fetch
from tests.database.test_alembic import CONFIG
from walletsvc.commands.execute import execute as run
from walletsvc.commands.recount import RecountWallet, recount_all
from walletsvc.db import dialect
from walletsvc.management.database_setup import keeping_views_and_triggers
from walletsvc.principals import SYSTEM
from walletsvc.queries.reconciliation import compute_discrepancies, find_wrong_available

OWNERS = ("alice", "bob", "", "Alice")
POSTED = 40
"""How many transactions there are of each wallet before anything moves."""


def as_of_0005(scratch: str) -> None:
    """Make the tables of that version, with owned wallets in them and rows that tell of no owner."""
    call_command("migrate", "walletsvc", "0005", verbosity=0)
    command.upgrade(CONFIG, "0003")
    for wallet_id, owner in enumerate(OWNERS, start=1):
        execute(
            "INSERT INTO walletsvc_wallet (id, label, currency, balance, sequence, transaction_count, owner,"
            " metadata, created_at, updated_at) VALUES (%s, %s, 'USD', 0, 0, 0, %s, '{}', %s, %s)",
            *(wallet_id, f"W{wallet_id}", owner, NOW, NOW),
        )
        for number in range(POSTED):
            post_as_of_0005(wallet_id, f"{wallet_id}.{number}")


def post_as_of_0005(wallet_id: int, txid: str) -> None:
    """Post 1.00 by the statements of the servers of that version."""
    with transaction.atomic():
        lock = "FOR UPDATE" if connection.vendor == "mysql" else ""
        [(sequence,)] = fetch(f"SELECT sequence FROM walletsvc_wallet WHERE id = %s {lock}", wallet_id)  # noqa: S608
        execute(
            "UPDATE walletsvc_wallet SET balance = %s, sequence = %s, transaction_count = %s, updated_at = %s"
            " WHERE id = %s",
            *(sequence + 1, sequence + 1, sequence + 1, NOW, wallet_id),
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO walletsvc_transaction (txid, wallet_id, amount, currency, description, metadata,"
                " created_at, updated_at) VALUES (%s, %s, 1, 'USD', '', '{}', %s, %s)",
                [txid, wallet_id, NOW, NOW],
            )
            identifier = cursor.lastrowid
        execute(
            "INSERT INTO walletsvc_entry (wallet_id, sequence, amount, balance_after, currency, kind, transaction_id,"
            " txid, principal, created_at) VALUES (%s, %s, 1, %s, 'USD', 'post', %s, %s, 'anonymous', %s)",
            *(wallet_id, sequence + 1, sequence + 1, identifier, txid, NOW),
        )
        add = {
            "mysql": "ON DUPLICATE KEY UPDATE count = count + 1",
            "sqlite": "ON CONFLICT (part) DO UPDATE SET count = walletsvc_transactioncount.count + 1",
        }
        execute(f"INSERT INTO walletsvc_transactioncount (part, count) VALUES (0, 1) {add[connection.vendor]}")  # noqa: S608


@contextmanager
def going_on() -> Iterator[list[str]]:
    """Post as servers of that version do, from a thread of its own; the list is of the txids that were stored."""
    stored: list[str] = []
    failures: list[BaseException] = []
    is_over = Event()

    def post() -> None:
        try:
            for number in count():
                if is_over.is_set():
                    return
                try:
                    post_as_of_0005(1 + number % len(OWNERS), f"meanwhile {number}")
                    stored.append(f"meanwhile {number}")
                except DatabaseError as error:
                    if dialect.meaning_of(error) is not dialect.Meaning.AGAIN:
                        raise
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = Thread(target=post)
    thread.start()
    try:
        yield stored
    finally:
        is_over.set()
        thread.join()
    assert failures == []


def owners_of_rows() -> list[tuple[str, str, int]]:
    """Return how many rows there are of each pair of a wallet's owner and the row's."""
    found = []
    for table in ("walletsvc_transaction", "walletsvc_entry"):
        found += fetch(
            f"SELECT wallet.owner, row_.owner, COUNT(*) FROM {table} row_"  # noqa: S608 - our own names
            " JOIN walletsvc_wallet wallet ON wallet.id = row_.wallet_id"
            " GROUP BY wallet.owner, row_.owner HAVING wallet.owner <> row_.owner"
        )
    return found


def recount() -> None:
    """Set what is available, and the totals, which older servers do not know."""
    for wallet_id, *_ in list(find_wrong_available()):
        run(RecountWallet(wallet=wallet_id), by=SYSTEM)
    recount_all()


def test_rows_get_their_owner_while_older_servers_write(scratch: str) -> None:
    as_of_0005(scratch)
    with going_on() as stored:
        while len(stored) < 5:
            pass
        call_command("setup_database", verbosity=0)
    assert len(stored) > 5
    call_command("setup_database", verbosity=0)
    assert owners_of_rows() == []
    names = {txid for (txid,) in fetch("SELECT txid FROM walletsvc_transaction WHERE txid LIKE 'meanwhile%%'")}
    assert names == set(stored)
    recount()
    assert list(compute_discrepancies()) == []
    call_command("makemigrations", check=True, verbosity=0)
    command.check(CONFIG)
    # Names are unique within an owner, and only there.
    statement = (
        "INSERT INTO walletsvc_transaction (txid, wallet_id, amount, currency, owner, description, metadata,"
        " created_at, updated_at) VALUES ('1.0', %s, 1, 'USD', %s, '', '{}', %s, %s)"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        execute(statement, 1, "alice", NOW, NOW)
    execute(statement, 2, "bob", NOW, NOW)


def test_rows_of_an_older_server_are_reported_and_adopted_once(scratch: str) -> None:
    as_of_0005(scratch)
    call_command("setup_database", verbosity=0)
    assert owners_of_rows() == []
    post_as_of_0005(1, "late")
    recount()
    whose = "without an owner (setup_database sets the wallet's owner)"
    assert [(each.wallet_id, each.problem) for each in compute_discrepancies()] == [
        (1, f"1 transactions are {whose}"),
        (1, f"1 entries are {whose}"),
    ]
    lines = StringIO()
    for _ in range(2):
        call_command("setup_database", stdout=lines)
    assert lines.getvalue().count("2 rows of older servers got the owner of their wallet.") == 1
    assert list(compute_discrepancies()) == []


def test_a_name_that_was_taken_twice_is_left_for_the_operator(scratch: str) -> None:
    as_of_0005(scratch)
    call_command("setup_database", verbosity=0)
    post_as_of_0005(1, "1.0")
    recount()
    call_command("setup_database", verbosity=0)
    [found] = compute_discrepancies()
    assert (found.wallet_id, found.problem[:35]) == (1, "1 transactions are without an owner")
    assert fetch("SELECT owner FROM walletsvc_transaction WHERE txid = '1.0' ORDER BY id") == [("alice",), ("",)]


def test_a_row_of_another_owner_is_reported(scratch: str) -> None:
    as_of_0005(scratch)
    call_command("setup_database", verbosity=0)
    execute("UPDATE walletsvc_transaction SET owner = 'bob' WHERE txid = '1.3'")
    assert [each.problem for each in compute_discrepancies()] == ["1 transactions are of the owner 'bob'"]


def test_either_tool_can_come_first_on_an_existing_database(scratch: str) -> None:
    as_of_0005(scratch)
    with pytest.raises(CommandError, match="Run Django's migrations first"):
        command.upgrade(CONFIG, "head")
    call_command("migrate", verbosity=0) if connection.vendor == "mysql" else call_command(
        "setup_database", verbosity=0
    )
    command.upgrade(CONFIG, "head")
    command.check(CONFIG)
    call_command("setup_database", verbosity=0)
    assert owners_of_rows() == []


def test_an_older_entry_is_the_operators_to_its_owner(scratch: str) -> None:
    as_of_0005(scratch)
    with keeping_views_and_triggers():
        call_command("migrate", "walletsvc", "0010", verbosity=0)
        if connection.vendor == "mysql":
            lines = StringIO()
            call_command("sqlmigrate", "walletsvc", "0011", stdout=lines)
            [statement] = [line for line in lines.getvalue().splitlines() if line.startswith("ALTER")]
            # The server refuses it if it would have to copy the table (MariaDB manual, "InnoDB Online DDL").
            execute(f"{statement.rstrip(';')}, ALGORITHM=INSTANT")
            call_command("migrate", "walletsvc", "0011", fake=True, verbosity=0)
    for txid in ("late", "later"):
        call_command("setup_database", verbosity=0)
        assert fetch("SELECT DISTINCT principal, shown_principal FROM walletsvc_entry") == [("anonymous", "operator")]
        post_as_of_0005(1, txid)
