"""What a write does for its readers, step by step: it publishes, or suspends the cache and waits."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from walletsvc import errors
from walletsvc.cache import responses
from walletsvc.cache.lease import UNKNOWN, Agreement
from walletsvc.commands import publication
from walletsvc.commands.publication import Publication
from walletsvc.ledger import statements

pytestmark = pytest.mark.without_engine

SUSPENDED = Agreement("identity", 7, is_suspended=True, instance="redis")
IN_USE = Agreement("identity", 7, is_suspended=False, instance="redis")
INSERT = "INSERT INTO walletsvc_cachestate (id, identity, generation, suspended, instance) VALUES (1, %s, 1, 1, '')"
UPDATE = "generation = walletsvc_cachestate.generation + 1 - walletsvc_cachestate.suspended, suspended = 1"


class World:
    """A cache and a database that record what they are asked, and answer as they are told."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.marks = self.settles = self.all_have_seen_it = True
        self.agreement: Agreement | None = SUSPENDED
        self.row: list[tuple[object, ...]] = [("identity", 7, 1)]
        self.failures = 0
        self.vendor = "sqlite"

    # -- the cache

    def mark(self, wallets: Mapping[int, str], *, owners: set[str]) -> bool:
        self.done.append(("mark", wallets, owners))
        return self.marks

    def settle(self, position: str) -> bool:
        assert position == ""
        self.done.append("settle")
        return self.settles

    def release(self) -> bool:
        self.done.append("release")
        return True

    @property
    def state(self) -> Any:
        return UNKNOWN if self.agreement is None else SimpleNamespace(agreement=self.agreement)

    def has_outlived(self, state: Any) -> bool:
        return state.agreement == self.agreement and self.all_have_seen_it

    def outlive(self) -> None:
        self.done.append("outlive")

    # -- the database

    def fetch(self, statement: str, values: list[object]) -> list[tuple[object, ...]]:
        assert values == []
        self.done.append(("fetch", statement.strip()))
        return self.row

    def write(self, statement: str, values: list[object]) -> None:
        [identity] = values
        assert len(str(identity)) == 32
        if self.failures:
            self.failures -= 1
            self.done.append("failed")
            raise OperationalError("the database is away")
        self.done.append(("write", statement))

    def __enter__(self) -> None:
        self.done.append("begin")

    def __exit__(self, *_error: object) -> None:
        self.done.append("end")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(publication, "Invalidation", lambda: world)
    monkeypatch.setattr(responses, "keeper", lambda: world)
    monkeypatch.setattr(statements, "fetch", world.fetch)
    monkeypatch.setattr(statements, "write", world.write)
    monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: world.vendor)
    monkeypatch.setattr(publication, "transaction", SimpleNamespace(atomic=lambda: world))
    monkeypatch.setattr(publication, "connection", SimpleNamespace(close=lambda: world.done.append("close")))
    monkeypatch.setattr(
        publication, "time", SimpleNamespace(sleep=lambda seconds: world.done.append(("sleep", seconds)))
    )
    return world


READ = ("fetch", "SELECT identity, generation, suspended FROM walletsvc_cachestate WHERE id = 1")
SUSPEND = ("write", f"{INSERT} ON CONFLICT (id) DO UPDATE SET {UPDATE}")
WALLETS = {1: "alice", 2: "bob", 3: "alice"}
MARK = ("mark", WALLETS, {"alice", "bob"})


def test_a_write_marks_and_settles(world: World) -> None:
    write = Publication()
    write.prepare(WALLETS)
    assert world.done == [MARK]
    write.complete()
    assert world.done == [MARK, "settle"]


def test_a_write_that_touched_nothing_has_nothing_to_tell(world: World) -> None:
    Publication().complete()
    assert world.done == []


def test_a_write_that_is_rolled_back_takes_its_marks_away(world: World) -> None:
    write = Publication()
    write.prepare(WALLETS)
    write.withdraw()
    assert world.done == [MARK, "release"]


def test_a_write_without_a_cache_suspends_it_and_answers_when_nobody_trusts_it(world: World) -> None:
    world.marks, world.agreement = False, IN_USE
    write = Publication()
    write.prepare(WALLETS)
    assert world.done == [MARK, SUSPEND]
    write.complete()
    assert world.done == [MARK, SUSPEND, "outlive"]


def test_a_write_under_a_suspension_that_all_have_seen_need_not_wait(world: World) -> None:
    world.marks = False
    write = Publication()
    write.prepare(WALLETS)
    write.complete()
    assert world.done == [MARK, READ]


@pytest.mark.parametrize(
    ("agreement", "all_have_seen_it"),
    [(None, True), (IN_USE, True), (SUSPENDED, False)],
    ids=["unknown", "used", "new"],
)
def test_a_suspension_that_not_all_have_seen_does_not_count(
    world: World, agreement: Agreement | None, all_have_seen_it: bool
) -> None:
    world.marks, world.agreement, world.all_have_seen_it = False, agreement, all_have_seen_it
    Publication().prepare(WALLETS)
    # The row is not looked at: its lock would be in the way of the others.
    assert world.done == [MARK, SUSPEND]


@pytest.mark.parametrize("row", [[], [("other", 7, 1)], [("identity", 8, 1)], [("identity", 7, 0)]])
def test_a_suspension_counts_while_the_row_still_says_so(world: World, row: list[tuple[object, ...]]) -> None:
    world.marks, world.row = False, row
    write = Publication()
    write.prepare(WALLETS)
    write.complete()
    assert world.done == [MARK, READ, SUSPEND, "outlive"]


def test_mysql_locks_the_row_and_has_its_own_words(world: World) -> None:
    world.marks, world.vendor, world.row = False, "mysql", []
    Publication().prepare(WALLETS)
    assert world.done == [
        MARK,
        ("fetch", f"{READ[1]} LOCK IN SHARE MODE"),
        ("write", f"{INSERT} ON DUPLICATE KEY UPDATE {UPDATE}"),
    ]


def test_a_write_that_cannot_settle_suspends_the_cache_after_its_commit(world: World) -> None:
    world.settles = False
    write = Publication()
    write.prepare(WALLETS)
    write.complete()
    assert world.done == [MARK, "settle", "begin", SUSPEND, "end", "outlive"]


def test_a_suspension_is_tried_again_with_a_new_connection(world: World) -> None:
    world.settles, world.failures = False, 2
    write = Publication()
    write.prepare(WALLETS)
    write.complete()
    failed = ["begin", "failed", "end", "close"]
    assert world.done == [
        MARK,
        "settle",
        *failed,
        ("sleep", 0.05),
        *failed,
        ("sleep", 0.1),
        "begin",
        SUSPEND,
        "end",
        "outlive",
    ]


def test_the_outcome_is_unknown_if_readers_cannot_be_told(world: World) -> None:
    world.settles, world.failures = False, 99
    write = Publication()
    write.prepare(WALLETS)
    with pytest.raises(errors.Unavailable) as caught:
        write.complete()
    assert caught.value.outcome_known is False
    assert world.done.count("failed") == 5
    assert "outlive" not in world.done
