"""What a connection to MySQL or MariaDB begins with, whatever the operator adds."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, connection

if connection.vendor != "mysql":
    pytest.skip("These are settings of MySQL's sessions.", allow_module_level=True)

from walletsvc.db.mysql import patience
from walletsvc.db.mysql.base import DatabaseWrapper
from walletsvc.db.mysql.session import Cluster, Facts


@pytest.mark.django_db
def test_a_command_of_the_operator_adds_to_the_settings_and_replaces_none() -> None:
    command = "SET SESSION sql_mode='', innodb_lock_wait_timeout=77, max_sort_length=1234"
    database = connection.copy()
    database.settings_dict["OPTIONS"] = {**database.settings_dict["OPTIONS"], "init_command": command}
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT @@sql_mode, @@innodb_lock_wait_timeout, @@max_sort_length, @@tx_isolation")
            assert cursor.fetchall() == (
                (
                    "STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO",
                    5,
                    1234,
                    "READ-COMMITTED",
                ),
            )
            with pytest.raises(DatabaseError, match="1406"):
                cursor.execute("INSERT INTO django_content_type (app_label, model) VALUES (%s, 'x')", ["x" * 101])
    finally:
        database.close()


@pytest.mark.parametrize(
    ("number", "numbers", "block"), [(0, 1, range(64)), (1, 3, range(21, 42)), (2, 3, range(42, 63))]
)
def test_connections_have_different_shares_within_the_block_of_their_node(
    number: int, numbers: int, block: range
) -> None:
    facts = Facts(has_compounds=True, cluster=Cluster.GALERA, fault=None, number=number, numbers=numbers)
    identifiers = iter(range(10_000, 10_000 + len(block)))
    driver = SimpleNamespace(facts=facts, thread_id=lambda: next(identifiers))
    one: Any = SimpleNamespace(connection=driver)
    assert sorted(DatabaseWrapper.share_of(one, 64) for _ in block) == list(block)


def test_a_server_waits_no_longer_than_it_may_and_less_if_the_operator_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, object] = {"charset": "utf8mb4", "connect_timeout": 5, "read_timeout": 2}
    stand_in = SimpleNamespace(settings={"default": {"OPTIONS": options}})
    monkeypatch.setattr(patience, "connections", stand_in)
    monkeypatch.setattr(patience, "connection_created", SimpleNamespace(connect=lambda *_, **__: None))
    patience.limit_waiting()
    assert options == {"charset": "utf8mb4", "connect_timeout": 3, "read_timeout": 2, "write_timeout": 9}
