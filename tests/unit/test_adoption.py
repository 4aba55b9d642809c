"""Rows of older servers get their owner a few at a time, whoever else writes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Self

import pytest
from django.db import DatabaseError, OperationalError

from walletsvc.ledger import adoption
from walletsvc.ledger.adoption import adopt_entries, adopt_transactions

pytestmark = pytest.mark.without_engine

LOCKED = OperationalError(1205, "Lock wait timeout exceeded")
OWNED: tuple[str, list[Any]] = ("SELECT 1 FROM walletsvc_wallet WHERE owner <> '' LIMIT 1", [])


class Database:
    """Rows without an owner, by id, each with the owner of its wallet."""

    def __init__(self) -> None:
        self.orphans: dict[int, str] = {}
        self.has_owners = True
        self.taken: set[int] = set()
        """Rows whose name another has: they stay as they are."""
        self.errors: list[DatabaseError] = []
        """What the next updates meet."""
        self.in_atomic_block = False
        self.done: list[Any] = []
        self.rowcount = -1

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def execute(self, statement: str, values: list[Any] | None = None) -> None:
        words = " ".join(statement.split())
        self.done.append((words, values or []))
        if words.startswith("UPDATE"):
            if self.errors:
                raise self.errors.pop(0)
            _, *ids = values or []
            self.rowcount = len(set(ids) - self.taken)

    def fetchone(self) -> tuple[int] | None:
        return (1,) if self.has_owners else None

    def fetchall(self) -> list[tuple[int, str]]:
        last, limit = self.done[-1][1]
        return [(each, owner) for each, owner in self.orphans.items() if each > last][:limit]

    def sleep(self, seconds: float) -> None:
        self.done.append(("sleep", seconds))

    def updates(self) -> list[Any]:
        return [each for each in self.done if each[0].startswith("UPDATE")]


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Database:
    database = Database()
    monkeypatch.setattr(adoption, "connection", database)
    monkeypatch.setattr(adoption, "time", SimpleNamespace(sleep=database.sleep))
    monkeypatch.setattr(adoption, "ROWS_READ", 4)
    monkeypatch.setattr(adoption, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: "mysql")
    return database


def read(table: str, join: str, last: int) -> tuple[str, list[int]]:
    joined = f"{table} row_ {join} walletsvc_wallet wallet ON wallet.id = row_.wallet_id"
    condition = "row_.owner = '' AND wallet.owner <> '' AND row_.id > %s"
    return f"SELECT row_.id, wallet.owner FROM {joined} WHERE {condition} ORDER BY row_.id LIMIT %s", [last, 4]  # noqa: S608


def update(target: str, owner: str, *ids: int) -> tuple[str, list[Any]]:
    marks = ", ".join("%s" for _ in ids)
    return f"UPDATE {target} SET owner = %s WHERE id IN ({marks}) AND owner = ''", [owner, *ids]  # noqa: S608


def test_rows_are_adopted_by_owner_a_few_at_a_time(database: Database) -> None:
    database.orphans = {1: "alice", 2: "bob", 5: "alice", 6: "alice", 7: "bob"}
    assert adopt_entries() == 5
    table = "walletsvc_entry"
    assert database.done == [
        OWNED,
        read(table, "STRAIGHT_JOIN", 0),
        update(table, "alice", 1, 5),
        update(table, "alice", 6),
        update(table, "bob", 2),
        read(table, "STRAIGHT_JOIN", 6),
        update(table, "bob", 7),
        read(table, "STRAIGHT_JOIN", 7),
    ]


@pytest.mark.parametrize(
    ("vendor", "target", "join"),
    [
        ("mysql", "IGNORE walletsvc_transaction", "STRAIGHT_JOIN"),
        ("sqlite", "OR IGNORE walletsvc_transaction", "CROSS JOIN"),
        ("other", "walletsvc_transaction", "JOIN"),
    ],
)
def test_a_transaction_whose_name_is_taken_stays(
    database: Database, monkeypatch: pytest.MonkeyPatch, vendor: str, target: str, join: str
) -> None:
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: vendor)
    database.orphans, database.taken = {3: "alice", 4: "alice"}, {4}
    assert adopt_transactions() == 1
    table = "walletsvc_transaction"
    assert database.done == [OWNED, read(table, join, 0), update(target, "alice", 3, 4), read(table, join, 4)]


def test_without_owners_nothing_is_looked_at(database: Database) -> None:
    database.orphans, database.has_owners = {1: "alice"}, False
    assert adopt_transactions() == 0
    assert database.done == [OWNED]


def test_an_update_waits_for_others_a_little_longer_each_time(database: Database) -> None:
    database.orphans, database.errors = {1: "alice"}, [LOCKED] * 19
    assert adopt_entries() == 1
    assert database.updates() == [update("walletsvc_entry", "alice", 1)] * 20
    sleeps = [each[1] for each in database.done if each[0] == "sleep"]
    assert sleeps == pytest.approx([0.05 * number for number in range(1, 20)])


def test_who_is_in_the_way_for_long_is_reported(database: Database) -> None:
    database.orphans, database.errors = {1: "alice"}, [LOCKED] * 20
    with pytest.raises(OperationalError, match="Lock wait timeout"):
        adopt_entries()
    assert len(database.updates()) == 20


@pytest.mark.parametrize(("error", "is_inside"), [(LOCKED, True), (OperationalError(1146, "No such table"), False)])
def test_what_waiting_does_not_mend_is_raised_at_once(
    database: Database, error: OperationalError, is_inside: bool
) -> None:
    """A deadlock has rolled the transaction around it back."""
    database.orphans, database.errors, database.in_atomic_block = {1: "alice"}, [error], is_inside
    with pytest.raises(OperationalError) as caught:
        adopt_entries()
    assert (caught.value, len(database.updates())) == (error, 1)
