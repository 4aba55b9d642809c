"""However many clients ask at a time, a server has few connections to its database."""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from django.conf import settings

from tests.chaos.clients import open_wallet
from tests.failures.callers import calling, get, post
from tests.live import LiveServer
from tests.serving.test_slow_bodies import Slow

IS_SERVER = "mysql" in settings.DATABASES["default"]["ENGINE"]
pytestmark = pytest.mark.skipif(not IS_SERVER, reason="SQLite has no list of connections.")

PLACES = 8
"""The default of WEB_THREADS."""
OTHERS = 4
"""Connections of threads that do not answer requests, such as the cache's."""
SLOW, READERS, WRITERS = 100, 150, 50


def count_connections(url: str) -> int:
    from MySQLdb import connect  # only where there is such a server

    from tests.failures.test_locks import credentials

    where = credentials(url)
    connection = connect(**where)
    try:
        cursor = connection.cursor()
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE db = %s AND id != CONNECTION_ID()",
            (where["database"],),
        )
        return int(cursor.fetchone()[0])
    finally:
        connection.close()


def test_three_hundred_clients_share_the_connections_of_the_places(live: LiveServer) -> None:
    wallet, port = open_wallet(live.url, "Wallet"), urlsplit(live.url).port
    assert port is not None
    with ExitStack() as stack, calling(live.url) as callers:
        for number in range(SLOW):
            stack.enter_context(Slow(port, number).connection)
        callers.start("read", lambda _name: get("/api/wallets/?filter[label]=x{}"), clients=READERS)
        callers.start("post", lambda each: post(wallet, each), clients=WRITERS)
        most = 0
        for _ in range(20):
            callers.wait_for("read", lambda told: told.status == 200)
            most = max(most, count_connections(live.database_url))
        callers.wait_for("post", lambda told: told.status == 201)
    assert 0 < most <= PLACES + OTHERS
    assert httpx.get(f"{live.url}/api/wallets/{wallet}/").json()["data"]["id"] == wallet
