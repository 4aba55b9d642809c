"""`manage.py setup_database` leads from any state to the present one, and several can run at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from io import StringIO

import pytest
from alembic import command
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, models
from sqlalchemy.exc import DBAPIError

from tests.database.rows import execute, fetch, insert
from tests.database.schema import beyond_the_orm
from tests.databases import connected_to, url_of
from tests.live import ROOT
from walletsvc.management import database_setup
from walletsvc.management.commands.setup_database import HINTS
from walletsvc.models import Entry

# Such a database lives as long as a connection to it does.
MEMORY = "file:scratch?mode=memory&cache=shared"
KINDS = {"sqlite": ["file", "memory"], "mysql": ["server"]}[connection.vendor]


def setup_database() -> list[str]:
    out = StringIO()
    call_command("setup_database", stdout=out, no_color=True)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_database_is_set_up_with_a_line_for_each_step(kind: str, scratch: str) -> None:
    with connected_to(MEMORY if kind == "memory" else scratch):
        connection.ensure_connection()
        lines = setup_database()
        assert "reporting_wallet_day" in beyond_the_orm()
    assert "  Applying walletsvc.0001_initial..." in lines
    revisions = lines[lines.index("Running Alembic's revisions:") + 1 : -1]
    assert [line[:15] for line in revisions] == [f"  Applied {number:04}:" for number in range(1, 9)]
    assert lines[-1] == "The database is up to date."


def test_a_second_time_nothing_changes(scratch: str) -> None:
    setup_database()
    before = beyond_the_orm()
    lines = setup_database()
    assert lines[-2:] == ["Running Alembic's revisions:", "The database is up to date."]
    assert beyond_the_orm() == before


def test_a_restored_database_has_a_new_identity_and_nothing_cached(scratch: str) -> None:
    setup_database()
    state = "SELECT identity, generation, suspended, instance FROM walletsvc_cachestate"
    execute("DELETE FROM walletsvc_cachestate")
    execute("INSERT INTO walletsvc_cachestate VALUES (1, 'that of the original', 7, 0, 'its Redis')")
    setup_database()
    assert [tuple(row) for row in fetch(state)] == [("that of the original", 7, 0, "its Redis")]
    call_command("setup_database", "--restored", verbosity=0)
    [(identity, *rest)] = fetch(state)
    assert identity != "that of the original"
    assert len(identity) == 32
    assert rest == [8, 1, ""]


def test_setup_can_be_silent(scratch: str) -> None:
    out = StringIO()
    call_command("setup_database", verbosity=0, stdout=out)
    assert out.getvalue() == ""
    assert "reporting_wallet_day" in beyond_the_orm()


def test_two_processes_at_once_both_succeed(scratch: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "setup_database"],
            env=os.environ | {"DATABASE_URL": url_of(scratch)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert sum(output.count("Applied 0003") for output in outputs) == 1
    assert {output.splitlines()[-1] for output in outputs} == {"The database is up to date."}


def test_one_setup_waits_for_the_other(scratch: str) -> None:
    ready, entered = threading.Event(), threading.Event()

    def wait_for_a_turn() -> None:
        ready.set()
        with database_setup.taking_turns():
            entered.set()
        connection.close()

    thread = threading.Thread(target=wait_for_a_turn)
    with database_setup.taking_turns():
        thread.start()
        assert ready.wait(10)
        assert not entered.wait(0.2)
    assert entered.wait(10)
    thread.join(10)


def test_a_migration_that_alters_the_ledger_keeps_its_triggers_view_and_collations(
    scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup_database()
    before = beyond_the_orm()
    wallet_id = insert("walletsvc_wallet")
    insert("walletsvc_entry", wallet_id=wallet_id)
    monkeypatch.setattr(database_setup, "_is_migration_pending", lambda: True)
    longer = models.CharField(max_length=300)
    longer.set_attributes_from_name("principal")
    longer.model = Entry
    with database_setup.keeping_views_and_triggers(), connection.schema_editor() as editor:
        editor.alter_field(Entry, Entry._meta.get_field("principal"), longer)
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, "walletsvc_entry")
    assert {column.name: column.display_size for column in columns}["principal"] == 300
    assert beyond_the_orm() == before
    with pytest.raises(DatabaseError, match="append-only"):
        execute("DELETE FROM walletsvc_entry")
    assert fetch("SELECT closing_balance FROM reporting_wallet_day") == [(5,)]
    setup_database()


def test_a_migration_that_fails_keeps_them_too(scratch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setup_database()
    before = beyond_the_orm()
    monkeypatch.setattr(database_setup, "_is_migration_pending", lambda: True)
    with pytest.raises(RuntimeError), database_setup.keeping_views_and_triggers():
        raise RuntimeError
    assert beyond_the_orm() == before


def test_setup_fails_if_the_ledger_is_not_protected(scratch: str) -> None:
    setup_database()
    execute("DROP TRIGGER walletsvc_entry_no_update")
    with pytest.raises(CommandError, match="there is no trigger walletsvc_entry_no_update"):
        setup_database()


@pytest.mark.parametrize(("code", "words"), [(1419, "log_bin_trust_function_creators = 1"), (1142, "TRIGGER")])
def test_a_refusal_by_the_server_comes_with_what_to_do(
    code: int, words: str, scratch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DBAPIError("CREATE TRIGGER", None, RuntimeError(code, "You are not allowed"))

    monkeypatch.setattr(command, "upgrade", refuse)
    with pytest.raises(CommandError, match="You are not allowed") as caught:
        setup_database()
    assert words in HINTS[code]
    assert str(caught.value).endswith(HINTS[code])
