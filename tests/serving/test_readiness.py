"""What a process tells about whether it should get requests."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from alembic.config import Config
from alembic.script import ScriptDirectory
from django.conf import settings
from django.db import OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from walletsvc.db.impatient import connect
from walletsvc.db.mysql.node import fault_of
from walletsvc.server import draining, health, migrated
from walletsvc.server.readiness import NO_ANSWER, NOT_SET_UP, STALE_SECONDS, Readiness


class Clock:
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def stopped() -> Iterator[list[Readiness]]:
    """Close what each test has opened."""
    opened: list[Readiness] = []
    yield opened
    for each in opened:
        each.close()


# -- migrations ----------------------------------------------------------------------------------------


class Applied:
    """The tables of both migration tools, in memory."""

    def __init__(self) -> None:
        self.cursor = sqlite3.connect(":memory:").cursor()
        self.cursor.executescript(
            "CREATE TABLE django_migrations (app, name); CREATE TABLE alembic_version (version_num);"
        )
        nodes = MigrationLoader(None, ignore_no_migrations=True).graph.nodes
        self.cursor.executemany("INSERT INTO django_migrations VALUES (?, ?)", list(nodes))
        self.revise("0008")

    def revise(self, version: str) -> None:
        """Let this be Alembic's version."""
        self.cursor.execute("DELETE FROM alembic_version")
        self.cursor.execute("INSERT INTO alembic_version VALUES (?)", [version])


@pytest.mark.without_engine
def test_the_head_is_the_one_that_alembic_names() -> None:
    scripts = ScriptDirectory.from_config(Config(settings.BASE_DIR / "alembic.ini"))
    assert {migrated.head()} == set(scripts.get_heads())
    assert migrated.revisions() == {each.revision for each in scripts.walk_revisions()}


@pytest.mark.without_engine
def test_a_database_is_behind_until_both_tools_have_done_all_and_may_be_ahead() -> None:
    applied = Applied()
    applied.revise(migrated.head())
    assert not migrated.is_behind(applied.cursor)
    applied.revise(min(migrated.revisions()))
    assert migrated.is_behind(applied.cursor)
    # A later version has been set up: servers of this one go on until they are replaced.
    applied.revise("9999")
    applied.cursor.execute("INSERT INTO django_migrations VALUES ('walletsvc', '9999_later')")
    assert not migrated.is_behind(applied.cursor)
    applied.cursor.execute("DELETE FROM alembic_version")
    assert migrated.is_behind(applied.cursor)
    applied.revise(migrated.head())
    last = max(name for app, name in migrated.expected_migrations() if app == "walletsvc")
    applied.cursor.execute("DELETE FROM django_migrations WHERE name = ?", [last])
    assert migrated.is_behind(applied.cursor)


# -- the state of a server ---------------------------------------------------------------------------------


class Told:
    """A cursor of a server that says this of itself."""

    def __init__(self, **told: str) -> None:
        self._told = told
        self._asked = ""

    def execute(self, statement: str) -> None:
        self._asked = statement

    def fetchall(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self._told.items() if f"'{name}'" in self._asked]


@pytest.mark.without_engine
@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({}, None),
        ({"read_only": "OFF"}, None),
        ({"read_only": "ON"}, "is read-only"),
        ({"read_only": "OFF", "wsrep_on": "OFF", "wsrep_cluster_status": "Disconnected"}, None),
        ({"wsrep_on": "ON", "wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Synced"}, None),
        (
            {"wsrep_on": "ON", "wsrep_cluster_status": "non-Primary", "wsrep_local_state_comment": "Initialized"},
            "is cut off from its cluster",
        ),
        (
            {"wsrep_on": "ON", "wsrep_cluster_status": "Primary", "wsrep_local_state_comment": "Donor/Desynced"},
            "is not in sync with its cluster",
        ),
    ],
)
def test_a_server_that_should_get_no_work_is_known_by_what_it_says(told: dict[str, str], fault: str | None) -> None:
    assert fault_of(Told(**told)) == fault


@pytest.mark.django_db
def test_the_server_of_the_suite_is_ready() -> None:
    if connection.vendor != "mysql":
        pytest.skip("SQLite has no server.")
    with connection.cursor() as cursor:
        assert fault_of(cursor) is None


# -- findings ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_database_that_is_set_up_is_ready(stopped: list[Readiness]) -> None:
    readiness = Readiness()
    stopped.append(readiness)
    assert readiness.findings().faults == {}


@pytest.mark.django_db
def test_a_database_is_ready_once_it_is_set_up(stopped: list[Readiness], monkeypatch: pytest.MonkeyPatch) -> None:
    readiness = Readiness(clock=(clock := Clock()))
    stopped.append(readiness)
    with monkeypatch.context() as patch:
        patch.setattr(migrated, "head", lambda: "0007")
        assert readiness.findings().faults == {"database": NOT_SET_UP}
    assert readiness.findings().faults == {"database": NOT_SET_UP}
    clock.now += STALE_SECONDS + 1
    assert readiness.findings().faults == {}


class Broken:
    """Connects to a database that has these errors, one after the other, and then to the one of the suite."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        return connect(seconds=1)


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_asked_again_and_nothing_else_is_told(
    stopped: list[Readiness], monkeypatch: pytest.MonkeyPatch
) -> None:
    code = 2003 if connection.vendor == "mysql" else "unable to open database file"
    broken = Broken(OperationalError(code, "Can't connect to secret@10.9.8.7"), ProgrammingError("no such table: x"))
    readiness = Readiness(connect=broken, clock=(clock := Clock()))
    stopped.append(readiness)
    monkeypatch.setattr(health, "readiness", readiness)
    for path in ("/readyz", "/healthz"):
        answer = Client().get(path)
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "database": NO_ANSWER})
    # Whoever probes often asks the database no more often.
    assert len(broken.errors) == 1
    clock.now += STALE_SECONDS + 1
    assert Client().get("/readyz").json()["database"] == NOT_SET_UP
    clock.now += STALE_SECONDS + 1
    assert Client().get("/readyz").json() == {"status": "ok"}
    assert Client().get("/livez").json() == {"status": "ok"}


@pytest.mark.django_db
def test_a_thread_that_finds_nothing_waits_for_a_silent_database(stopped: list[Readiness]) -> None:
    readiness = Readiness(clock=(clock := Clock()))
    stopped.append(readiness)
    readiness.look()
    readiness.is_watched = True
    assert readiness.findings().faults == {}
    clock.now += STALE_SECONDS + 1
    assert readiness.findings().faults == {"database": NO_ANSWER}


@pytest.mark.django_db
def test_redis_is_named_and_does_without(monkeypatch: pytest.MonkeyPatch, stopped: list[Readiness]) -> None:
    def refuse(_alias: str) -> Any:
        raise redis.ConnectionError("Error 111 connecting to secret:6379.")

    monkeypatch.setattr(settings, "REDIS_URL", "redis://secret:6379/0")
    monkeypatch.setattr("walletsvc.server.readiness.get_redis_connection", refuse)
    readiness = Readiness()
    stopped.append(readiness)
    monkeypatch.setattr(health, "readiness", readiness)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "redis": NO_ANSWER})


@pytest.mark.django_db
def test_a_server_that_is_about_to_end_is_not_ready_and_lives(
    monkeypatch: pytest.MonkeyPatch, stopped: list[Readiness]
) -> None:
    readiness = Readiness()
    stopped.append(readiness)
    monkeypatch.setattr(health, "readiness", readiness)
    monkeypatch.setenv(draining.VARIABLE, "")
    descriptor = draining.prepare()
    try:
        assert Client().get("/readyz").status_code == 200
        draining.begin()
        answer = Client().get("/readyz")
        assert (answer.status_code, answer.json()) == (503, {"status": "unavailable", "server": "is about to end"})
        assert Client().get("/livez").status_code == 200
    finally:
        os.close(descriptor)
    assert not draining.is_draining()


@pytest.mark.django_db
def test_the_version_is_told() -> None:
    answer = Client().get("/version").json()
    assert answer.keys() == {"service", "version"}
    assert answer["service"] == "walletsvc"
