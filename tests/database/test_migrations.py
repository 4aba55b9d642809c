"""Django's migrations keep and complete the rows of an older database."""

from __future__ import annotations

from alembic import command
from django.core.management import call_command

from tests.database.rows import TABLES, execute, fetch
from tests.database.schema import beyond_the_orm
from tests.database.test_alembic import CONFIG


def insert_as_of_0001(table: str, **columns: object) -> None:
    """Insert a row as a server of that version does, before the migration or beside servers of this one."""
    since = {"transaction_count", "available", *({"owner"} if table != "walletsvc_wallet" else ())}
    row = {name: value for name, value in TABLES[table].items() if name not in since} | columns
    places = ", ".join(["%s"] * len(row))
    execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", *row.values())  # noqa: S608


def test_each_wallet_gets_its_number_of_transactions(scratch: str) -> None:
    call_command("migrate", "walletsvc", "0001", verbosity=0)
    command.upgrade(CONFIG, "0003")
    before = beyond_the_orm()
    for number in (1, 2, 3):
        insert_as_of_0001("walletsvc_wallet", id=number, label=f"W{number}")
    for number, wallet_id in enumerate((1, 3, 1)):
        insert_as_of_0001("walletsvc_transaction", txid=f"T{number}", wallet_id=wallet_id)
    call_command("setup_database", verbosity=0)
    counts = "SELECT id, transaction_count FROM walletsvc_wallet ORDER BY id"
    assert fetch(counts) == [(1, 2), (2, 0), (3, 1)]
    assert fetch("SELECT part, count FROM walletsvc_transactioncount WHERE count <> 0") == [(0, 3)]
    after = beyond_the_orm()
    # What Alembic's later revisions replace, and the columns of Django's.
    made = {"walletsvc_entry_no_update", *(after.keys() - before.keys())}
    assert {name: each for name, each in after.items() if name not in made} == {
        name: each for name, each in before.items() if name not in made
    }
    insert_as_of_0001("walletsvc_wallet", id=4, label="W4")
    assert fetch(counts)[-1] == (4, 0)
