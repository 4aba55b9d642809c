"""The row that processes agree by, over a connection of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from walletsvc.cache.lease import Agreement, DatabaseRow
from walletsvc.cache.lease.row import new_identity
from walletsvc.db import impatient

pytestmark = pytest.mark.without_engine

TABLE = """
CREATE TABLE walletsvc_cachestate
(id integer PRIMARY KEY, identity text, generation integer, suspended integer, instance text)
"""


class Handler(ConnectionHandler):
    """Makes connections to a database, and remembers them."""

    def __init__(self, path: Path) -> None:
        engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"cached_statements": 7}}
        super().__init__({"default": engine})
        self.path = path
        self.made: list[Any] = []

    def create_connection(self, alias: str) -> Any:
        self.made.append(super().create_connection(alias))
        return self.made[-1]

    def run(self, statement: str) -> list[tuple[object, ...]]:
        """Run a statement from elsewhere."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as other:
            return other.execute(statement).fetchall()


@pytest.fixture
def handler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any) -> Iterator[Handler]:
    """Let there be a database of the test's own, on every engine."""
    handler = Handler(tmp_path / "row.sqlite3")
    handler.run(TABLE)
    monkeypatch.setattr(impatient, "connections", handler)
    with django_db_blocker.unblock():
        yield handler
    for each in handler.made:
        each.close()


def stored(handler: Handler) -> list[tuple[object, ...]]:
    return handler.run("SELECT generation, suspended, instance FROM walletsvc_cachestate")


# -- the row ------------------------------------------------------------------------------------------------------


def test_a_row_is_made_suspended_once_and_with_an_identity_of_its_own(handler: Handler) -> None:
    row = DatabaseRow()
    assert row.read() is None
    row.create()
    first = row.read()
    assert first is not None
    assert first == Agreement(first.identity, 1, is_suspended=True, instance="")
    assert len(first.identity) == 32
    DatabaseRow().create()
    row.create()
    assert row.read() == first
    assert stored(handler) == [(1, 1, "")]


def test_identities_are_unique() -> None:
    assert len({new_identity() for _ in range(100)}) == 100


def test_a_change_begins_a_generation_for_whoever_saw_the_latest(handler: Handler) -> None:
    handler.run("INSERT INTO walletsvc_cachestate VALUES (1, 'identity', 4, 1, 'one')")
    row = DatabaseRow()
    seen = row.read()
    assert seen == Agreement("identity", 4, is_suspended=True, instance="one")
    assert seen.is_suspended is True
    assert row.change(seen, suspended=False, instance="two") is True
    assert row.read() == Agreement("identity", 5, is_suspended=False, instance="two")
    assert stored(handler) == [(5, 0, "two")]
    assert row.change(seen, suspended=True, instance="three") is False
    assert row.change(Agreement("other", 5, is_suspended=False, instance="two"), suspended=True, instance="") is False
    assert stored(handler) == [(5, 0, "two")]


# -- its connection -------------------------------------------------------------------------------------------------


def test_the_connection_is_kept_waits_for_a_second_and_is_closed_at_the_end(handler: Handler) -> None:
    row = DatabaseRow()
    row.close()
    for _ in range(2):
        assert row.read() is None
    [database] = handler.made
    assert database.settings_dict["OPTIONS"] == {"cached_statements": 7, "timeout": 1}
    assert handler.settings["default"]["OPTIONS"] == {"cached_statements": 7}
    row.close()
    assert database.connection is None
    row.read()
    assert len(handler.made) == 2


def test_a_connection_that_failed_is_closed_and_replaced(handler: Handler) -> None:
    row = DatabaseRow()
    handler.run("ALTER TABLE walletsvc_cachestate RENAME TO away")
    with pytest.raises(OperationalError, match="no such table"):
        row.read()
    assert handler.made[0].connection is None
    handler.run("ALTER TABLE away RENAME TO walletsvc_cachestate")
    assert row.read() is None
    assert len(handler.made) == 2


class Server:
    """A connection to MySQL that notes what is done with it, and is its own cursor."""

    vendor = "mysql"
    rowcount = 1

    def __init__(self, options: dict[str, object]) -> None:
        self.settings_dict: dict[str, Any] = {"NAME": "wallets", "OPTIONS": options}
        self.done: list[object] = []
        self.wrap_database_errors = nullcontext()
        self.usable = True

    def is_usable(self) -> bool:
        return self.usable

    def create_connection(self, alias: str) -> Server:
        assert alias == "default"
        return self

    def connect(self) -> None:
        self.done.append(("connect", self.settings_dict))

    def create_cursor(self) -> Server:
        return self

    def execute(self, statement: str, values: Sequence[object]) -> None:
        self.done.append((statement.split()[0], values))

    def fetchall(self) -> list[tuple[object, ...]]:
        self.done.append("fetch")
        return []

    def close(self) -> None:
        self.done.append("close")


def test_a_server_has_a_second_for_each_step_too(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, object] = {"charset": "utf8mb4", "read_timeout": 30}
    server = Server(options)
    monkeypatch.setattr(impatient, "connections", server)
    row = DatabaseRow()
    assert row.read() is None
    timeouts = {"connect_timeout": 1, "read_timeout": 1, "write_timeout": 1}
    assert server.done == [
        ("connect", {"NAME": "wallets", "OPTIONS": {"charset": "utf8mb4", **timeouts}}),
        ("SET", (1, 1)),
        "close",
        ("SELECT", ()),
        "fetch",
        "close",
    ]
    assert options == {"charset": "utf8mb4", "read_timeout": 30}
    # A statement without rows is not asked for any.
    server.done.clear()
    assert row.change(Agreement("identity", 4, is_suspended=False, instance=""), suspended=True, instance="one")
    assert server.done == [("UPDATE", (1, "one", 4, "identity")), "close"]
    # A host that is not ready any more is left for one that is.
    server.done.clear()
    server.usable = False
    row.read()
    assert [each[0] if isinstance(each, tuple) else each for each in server.done[:4]] == [
        "close",
        "connect",
        "SET",
        "close",
    ]
