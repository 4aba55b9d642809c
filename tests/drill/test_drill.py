"""The restore drill, for a moment, on the engine of the suite; and that it would find what is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.databases import MakeDatabase, new_database, url_of
from tests.drill.drill import DrillError, Report, compare, run
from tests.drill.engines import MariaDBDatabase, SQLiteDatabase
from tests.drill.load import Sent


def test_a_dump_under_load_comes_back(
    tmp_path: Path,
    memory_folder: Path,
    ready_database: MakeDatabase,
    redis_urls: tuple[str, str],
    django_db_blocker: Any,
) -> None:
    engine = SQLiteDatabase if connection.vendor == "sqlite" else MariaDBDatabase
    with ready_database() as source, django_db_blocker.unblock(), new_database(memory_folder) as target:
        databases = engine(url_of(source)), engine(url_of(target))
        report = run(*databases, folder=tmp_path, redis_url=redis_urls[1], seconds=0.5)
    assert report.restored > 0
    assert report.lost > 0
    assert report.revoked == "1 keys revoked, of 1 in the list."
    assert report.reconciled.startswith("Clean: 5 wallets, ")
    assert "after the dump lost" in str(report)


EXPORT = "kind,wallet,txid,amount\r\ntransaction,1,DRILL-0-1,5.00\r\ntransaction,2,DRILL-0-2,-1.00\r\n"
SENT = [
    Sent("DRILL-0-1", "1", Decimal("5.00"), 1, 2),
    Sent("DRILL-0-2", "2", Decimal("-1.00"), 3, 6),
    Sent("DRILL-0-3", "1", Decimal("2.00"), 3, 6),
    Sent("DRILL-0-4", "1", Decimal("3.00"), 8, 9),
]
BALANCES = {"1": Decimal("1005.00"), "2": Decimal("999.00")}
DURING = {"dump_began": 4, "dump_ended": 7}


@pytest.mark.without_engine
def test_what_was_under_way_during_the_dump_may_be_there_or_not() -> None:
    report = Report()
    compare(report, SENT, EXPORT, BALANCES, **DURING)
    assert (report.acknowledged, report.restored, report.lost) == (4, 2, 2)


@pytest.mark.without_engine
@pytest.mark.parametrize(
    ("sent", "export", "balances", "problem"),
    [
        ([*SENT, Sent("DRILL-0-5", "1", Decimal(1), 1, 2)], EXPORT, BALANCES, "acknowledged before the dump"),
        (SENT, f"{EXPORT}transaction,1,DRILL-0-4,3.00\r\n", BALANCES, "sent after the dump"),
        (SENT, EXPORT.replace("5.00", "6.00"), BALANCES, "another amount"),
        (SENT, EXPORT, BALANCES | {"2": Decimal("1000.00")}, "are not the sums"),
    ],
)
def test_the_drill_finds_what_is_wrong(
    sent: list[Sent], export: str, balances: dict[str, Decimal], problem: str
) -> None:
    with pytest.raises(DrillError, match=problem):
        compare(Report(), sent, export, balances, **DURING)
