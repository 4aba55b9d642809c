"""Alembic's revisions lead up, down and up again, also after a failure, and leave Django's tables alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from django.core.management import call_command
from django.db import connection
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from tests.database.rows import execute, fetch
from tests.database.schema import beyond_the_orm, within_the_orm
from tests.databases import connected_to, new_database, url_of
from tests.live import ROOT

CONFIG = Config(ROOT / "alembic.ini", stdout=StringIO())
REVISIONS = [script.revision for script in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]
MADE = {
    "walletsvc_entry_no_update",
    "walletsvc_entry_no_delete",
    "walletsvc_wallet_delete_if_empty",
    "walletsvc_accessevent_no_update",
    "walletsvc_accessevent_no_delete",
    "walletsvc_transfer_no_delete",
    "walletsvc_hold_no_delete",
    "reporting_wallet_day",
}
DRIFT = {
    "there is no trigger walletsvc_entry_no_delete": "DROP TRIGGER walletsvc_entry_no_delete",
    "there is no trigger walletsvc_wallet_delete_if_empty": "DROP TRIGGER walletsvc_wallet_delete_if_empty",
    "there is no view reporting_wallet_day": "DROP VIEW reporting_wallet_day",
}
if connection.vendor == "mysql":
    DRIFT["walletsvc_entry.txid compares as utf8mb4_bin"] = (
        "ALTER TABLE walletsvc_entry MODIFY txid varchar(255) COLLATE utf8mb4_bin NOT NULL"
    )


@pytest.fixture(scope="module")
def prepared(memory_folder: Path, django_db_blocker: Any) -> Iterator[str]:
    """Return the name of a database in which Django's migrations have run."""
    with django_db_blocker.unblock(), new_database(memory_folder) as name:
        with connected_to(name):
            call_command("migrate", verbosity=0)
        yield name


@pytest.fixture
def database(prepared: str, django_db_blocker: Any) -> Iterator[str]:
    """Connect Django to a database with its own migrations and without Alembic's revisions."""
    with django_db_blocker.unblock(), connected_to(prepared):
        yield prepared
        # Whatever a test has left of the objects, their revisions can cope.
        command.stamp(CONFIG, "head")
        command.downgrade(CONFIG, "base")


def test_up_down_and_up_again(database: str) -> None:
    bare, tables = beyond_the_orm(), within_the_orm()
    assert not bare.keys() & MADE
    command.upgrade(CONFIG, "head")
    made = beyond_the_orm()
    assert made.keys() >= MADE
    assert within_the_orm() == tables
    for _ in REVISIONS:
        command.downgrade(CONFIG, "-1")
    assert beyond_the_orm() == bare
    assert fetch("SELECT version_num FROM alembic_version") == []
    for _ in REVISIONS:
        command.upgrade(CONFIG, "+1")
    assert beyond_the_orm() == made
    assert within_the_orm() == tables


def test_a_revision_can_be_run_again_wherever_it_failed(database: str) -> None:
    command.upgrade(CONFIG, "head")
    made, tables = beyond_the_orm(), within_the_orm()
    command.downgrade(CONFIG, "base")
    failures = 0
    while True:
        with failing_at(failures + 1) as failed:
            try:
                command.upgrade(CONFIG, "head")
            except DBAPIError:
                assert failed
        if not failed:
            break
        failures += 1
        command.upgrade(CONFIG, "head")
        assert beyond_the_orm() == made
        command.downgrade(CONFIG, "base")
    # SQLite: seven triggers and a view, each dropped first, one of them four times. MySQL: nine tables are converted
    # as well.
    assert failures == {"sqlite": 22, "mysql": 31}[connection.vendor]
    assert (beyond_the_orm(), within_the_orm()) == (made, tables)


@contextmanager
def failing_at(number: int) -> Iterator[list[str]]:
    """Fail the `number`-th statement that changes the schema; the list records whether there was one."""
    statements: list[str] = []
    failed: list[str] = []

    def count(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("ALTER", "CREATE", "DROP")) and "alembic_version" not in statement:
            statements.append(statement)
            if len(statements) == number:
                failed.append(statement)
                raise DBAPIError(statement, None, RuntimeError("the power went out"))

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield failed
    finally:
        event.remove(Engine, "before_cursor_execute", count)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_revision_can_be_run_again_when_only_its_record_is_missing(revision: str, database: str) -> None:
    command.upgrade(CONFIG, "head")
    made = beyond_the_orm()
    command.stamp(CONFIG, ["base", *REVISIONS][REVISIONS.index(revision)])
    command.upgrade(CONFIG, "head")
    assert beyond_the_orm() == made


def test_the_printed_statements_do_the_same(database: str) -> None:
    command.upgrade(CONFIG, "head")
    made = beyond_the_orm()
    command.downgrade(CONFIG, "base")
    execute("DROP TABLE alembic_version")
    printed = StringIO()
    command.upgrade(Config(ROOT / "alembic.ini", output_buffer=printed), "head", sql=True)
    assert beyond_the_orm() != made
    for statement in statements_in(printed.getvalue()):
        execute(statement.replace("%", "%%"))
    assert beyond_the_orm() == made
    assert fetch("SELECT version_num FROM alembic_version") == [(REVISIONS[-1],)]


def statements_in(script: str) -> list[str]:
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [each.strip() for each in "\n".join(lines).split(";\n") if each.strip()]


def test_check_finds_nothing_to_do_beside_tables_of_others(database: str) -> None:
    command.upgrade(CONFIG, "head")
    execute("CREATE TABLE somebody_elses (id INTEGER PRIMARY KEY, label VARCHAR(20))")
    try:
        command.check(CONFIG)
    finally:
        execute("DROP TABLE somebody_elses")


@pytest.mark.parametrize(("message", "statement"), DRIFT.items(), ids=DRIFT)
def test_check_names_the_missing_objects(message: str, statement: str, database: str) -> None:
    command.upgrade(CONFIG, "head")
    execute(statement)
    with pytest.raises(CommandError) as caught:
        command.check(CONFIG)
    assert [line.strip() for line in str(caught.value).splitlines()[1:-1]] == [message]


def test_django_has_nothing_to_migrate(database: str) -> None:
    command.upgrade(CONFIG, "head")
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
    call_command("migrate", "--check", verbosity=0)


def variables(name: str) -> list[dict[str, str]]:
    """Return every way to name the database in the environment."""
    server = connection.settings_dict
    parts = {key: str(server[key.removeprefix("DB_")]) for key in ("DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT")}
    ways = [{"DATABASE_URL": url_of(name), "DB_NAME": ""}]
    return ways if connection.vendor == "sqlite" else [*ways, {"DATABASE_URL": "", "DB_NAME": name, **parts}]


def test_the_command_line_finds_the_database_by_the_environment_from_any_folder(
    database: str, tmp_path: Path
) -> None:
    command.upgrade(CONFIG, "head")
    for each in variables(database):
        finished = subprocess.run(
            [sys.executable, "-m", "alembic", "-c", str(ROOT / "alembic.ini"), "current"],
            env=os.environ | each,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (finished.returncode, finished.stdout) == (0, f"{REVISIONS[-1]} (head)\n"), finished.stderr


def test_the_folder_of_revisions_does_not_hide_the_library() -> None:
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert Path(command.__file__).parent != ROOT / "alembic"
