"""A server, used with and without compound statements, and a wallet on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from tests.writes import open_wallet
from walletsvc.models import Wallet
from walletsvc.principals import ANYONE

if connection.vendor != "mysql":
    # Only MySQL's backend lets statements wait.
    collect_ignore_glob = ["test_*.py"]
else:
    from MySQLdb.connections import Connection

    from walletsvc.db.mysql import session


@pytest.fixture(params=["MariaDB", "MySQL"], autouse=True)
def server(request: pytest.FixtureRequest, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Speak to the server as to one of this kind: MariaDB understands both ways, MySQL its own."""
    kind: str = request.param if connection.mysql_is_mariadb else "MySQL"
    prepare = session.prepare

    def prepare_as_kind(driver: Any, **options: Any) -> session.Facts:
        return replace(prepare(driver, **options), has_compounds=kind == "MariaDB")

    monkeypatch.setattr(session, "prepare", prepare_as_kind)
    connection.close()
    yield kind
    connection.close()


@pytest.fixture
def packets_sent(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list that receives each packet that this connection sends from now on."""
    connection.ensure_connection()
    sent: list[bytes] = []
    query, commit, rollback = Connection.query, Connection.commit, Connection.rollback

    def note(driver: Any, packet: bytes) -> None:
        # A separate thread with its own connection watches the cache.
        if driver is connection.connection:
            sent.append(packet)

    def send(driver: Any, packet: bytes) -> None:
        note(driver, packet)
        query(driver, packet)

    def end(method: Callable[..., None], name: bytes, driver: Any) -> None:
        note(driver, name)
        method(driver)

    monkeypatch.setattr(Connection, "query", send)
    monkeypatch.setattr(Connection, "commit", lambda driver: end(commit, b"COMMIT", driver))
    monkeypatch.setattr(Connection, "rollback", lambda driver: end(rollback, b"ROLLBACK", driver))
    return sent


@pytest.fixture
def wallet() -> Iterator[Wallet]:
    yield open_wallet(principal=ANYONE, label="A", balance="10")
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@in_transaction, 'in step'")
        assert cursor.fetchall() == ((0, "in step"),)
