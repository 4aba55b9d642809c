"""What is said of a server for reads before the start. What it does is in tests/replicas."""

from __future__ import annotations

import pytest
from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections

from walletsvc.db import reader
from walletsvc.server import preflight

if connection.vendor != "mysql":
    pytest.skip("Only MariaDB has replicas.", allow_module_level=True)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def reads_at_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server of the tests be the one for reads as well: it follows nobody."""
    monkeypatch.setattr(reader, "ALIAS", DEFAULT_DB_ALIAS)
    monkeypatch.setattr(reader, "is_configured", lambda: True)


def found() -> list[tuple[preflight.Verdict, str]]:
    return [(each.verdict, each.text) for each in preflight._reader()]


def test_a_server_that_follows_nobody_is_of_no_use() -> None:
    text = "The database for reads follows no writer by GTID: until then, the writer is asked."
    assert found() == [(preflight.Verdict.REMARK, text)]


def test_a_replica_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_REACHED", "SELECT '0-1-7'")
    assert found() == [(preflight.Verdict.OK, "The database for reads answers, and follows a writer.")]


def test_a_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_alias: str) -> object:
        database = connection.copy()

        def connect() -> None:
            raise OperationalError(2003, "Can't connect to server on 'db2'")

        monkeypatch.setattr(database, "connect", connect)
        return database

    monkeypatch.setattr(connections, "create_connection", refuse)
    text = (
        "The database for reads cannot be used (Can't connect to server on 'db2'): until then, the writer is asked."
    )
    assert found() == [(preflight.Verdict.REMARK, text)]


def test_there_is_nothing_to_say_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "is_configured", lambda: False)
    assert found() == []
