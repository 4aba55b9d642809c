"""What `serve` finds out about the ledger's triggers."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from django.db import connection

from walletsvc.db.objects import TRIGGERS, find_missing_triggers


class Shown:
    """A cursor of MySQL's that shows no trigger, and these privileges."""

    def __init__(self, *privileges: int) -> None:
        self._answers = [[], [(privilege,) for privilege in privileges]]

    def execute(self, _statement: str) -> None:
        """Take any question."""

    def fetchall(self) -> list[tuple[int]]:
        return self._answers.pop(0)


@pytest.mark.django_db
def test_all_are_there_after_the_setup() -> None:
    with connection.cursor() as cursor:
        assert find_missing_triggers(cursor, connection.vendor) == set()


@pytest.mark.without_engine
def test_a_user_who_is_shown_none_knows_nothing() -> None:
    assert find_missing_triggers(Shown(), "mysql") is None
    assert find_missing_triggers(Shown(1), "mysql") == TRIGGERS


@pytest.mark.without_engine
def test_none_is_there_in_an_empty_database() -> None:
    with closing(sqlite3.connect(":memory:")) as empty:
        assert find_missing_triggers(empty.cursor(), "sqlite") == TRIGGERS
