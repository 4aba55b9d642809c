"""The statements of the hot path: what is sent to the engine, and how values stand in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS

from walletsvc.ledger import statements

pytestmark = pytest.mark.without_engine


class Channel:
    """A channel that records what it is sent. A row for each value is all that it has."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []

    def fetch(self, statement: str, values: Sequence[Any], /) -> Sequence[tuple[Any, ...]]:
        self.done.append((" ".join(statement.split()), list(values)))
        return [(each,) for each in values]

    def defer(self, statement: str, values: Sequence[Any], take_ids: Any = None, **options: Any) -> None:
        self.done.append((statement, list(values), take_ids, options))

    def send_deferred(self) -> None:
        self.done.append(("send",))


@pytest.fixture
def channel(monkeypatch: pytest.MonkeyPatch) -> Channel:
    channel = Channel()
    monkeypatch.setattr(statements, "channel", lambda: channel)
    return channel


Engine = Callable[..., None]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Return a function that sets the engine: its vendor, and whether it locks rows and passes over locked ones."""

    def set_engine(vendor: str, *, locks_rows: bool, skips: bool) -> None:
        features = SimpleNamespace(has_select_for_update=locks_rows, has_select_for_update_skip_locked=skips)
        ops = SimpleNamespace(for_update_sql=lambda *, skip_locked: f"LOCK {skip_locked}")
        monkeypatch.setattr(
            statements, "connections", {DEFAULT_DB_ALIAS: SimpleNamespace(features=features, ops=ops)}
        )
        monkeypatch.setattr("walletsvc.db.dialect.vendor", lambda: vendor)

    return set_engine


@pytest.mark.parametrize(
    ("vendor", "locks_rows", "skips", "index", "lock", "lock_or_skip"),
    [
        ("mysql", True, True, " FORCE INDEX (PRIMARY)", " LOCK False", " LOCK True"),
        ("mysql", True, False, " FORCE INDEX (PRIMARY)", " LOCK False", " LOCK False"),
        ("sqlite", False, False, "", "", ""),
    ],
)
def test_rows_are_locked_as_the_engine_can(
    channel: Channel,
    engine: Engine,
    vendor: str,
    locks_rows: bool,
    skips: bool,
    index: str,
    lock: str,
    lock_or_skip: str,
) -> None:
    engine(vendor, locks_rows=locks_rows, skips=skips)
    assert statements.select_for_update("id, owner", "wallet", [3, 5]) == [(3,), (5,)]
    statements.select_for_update("id", "wallet", [3], skip_locked=True)
    assert channel.done == [
        (f"SELECT id, owner FROM wallet{index} WHERE id IN (%s, %s) ORDER BY id{lock}", [3, 5]),  # noqa: S608
        (f"SELECT id FROM wallet{index} WHERE id IN (%s) ORDER BY id{lock_or_skip}", [3]),  # noqa: S608
    ]


def test_many_rows_are_locked_by_several_statements(
    channel: Channel, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine("sqlite", locks_rows=False, skips=False)
    monkeypatch.setattr(statements, "ROWS_A_STATEMENT", 2)
    assert statements.select_for_update("id", "wallet", [3, 5, 8]) == [(3,), (5,), (8,)]
    assert [values for _, values in channel.done] == [[3, 5], [8]]
    assert statements.select_for_update("id", "wallet", []) == []


def test_what_is_written_is_handed_on(channel: Channel) -> None:
    statements.write("UPDATE a", [1])
    statements.write("INSERT b", [2], print, rows=3, uses_new_ids=True)
    statements.write("INSERT c", [3], keeps_new_ids=True)
    statements.send()
    assert channel.done == [
        ("UPDATE a", [1], None, {"rows": 1, "uses_new_ids": False, "keeps_new_ids": False}),
        ("INSERT b", [2], print, {"rows": 3, "uses_new_ids": True, "keeps_new_ids": False}),
        ("INSERT c", [3], None, {"rows": 1, "uses_new_ids": False, "keeps_new_ids": True}),
        ("send",),
    ]


def test_all_rows_stand_in_one_insert(channel: Channel) -> None:
    statements.insert("INSERT INTO a (b, c, d)", [(1, "x", None), (2, "y", None)], print, uses_new_ids=True)
    statements.insert("INSERT INTO a (b)", [(1,)])
    assert channel.done == [
        (
            "INSERT INTO a (b, c, d) VALUES (%s, %s, %s), (%s, %s, %s)",
            [1, "x", None, 2, "y", None],
            print,
            {"rows": 2, "uses_new_ids": True, "keeps_new_ids": False},
        ),
        ("INSERT INTO a (b) VALUES (%s)", [1], None, {"rows": 1, "uses_new_ids": False, "keeps_new_ids": False}),
    ]


def test_parts_are_as_large_as_asked_or_as_fits_a_statement() -> None:
    assert list(statements.chunks("abcdefg", size=3)) == ["abc", "def", "g"]
    assert list(statements.chunks("abcd", size=2)) == ["ab", "cd"]
    assert list(statements.chunks("")) == []
    assert list(map(len, statements.chunks(range(1001)))) == [500, 500, 1]


def test_values_stand_as_the_columns_take_them() -> None:
    # Without an exponent, which SQLite would take for a real.
    for value, text in (("1E+2", "100"), ("-1E-18", "-0.000000000000000001"), ("5.50", "5.50")):
        assert statements.from_decimal(Decimal(value)) == text
    moment = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=2)))
    assert statements.from_time(moment) == "2026-01-02 01:04:05.000006"
