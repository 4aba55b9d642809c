"""The database falls silent: no connection is closed, and no answer comes any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from tests.chaos.clients import open_wallet
from tests.databases import MakeDatabase, url_of
from tests.failures.callers import calling, get, post, txids
from tests.failures.proxy import Proxy
from tests.live import LiveServer
from tests.servers import free_port

READY_SECONDS, ANSWER_SECONDS, WELL_SECONDS = 3.0, 10.0, 5.0
SLACK = 2.0
"""Others may use the machine too."""

IS_SERVER = "mysql" in settings.DATABASES["default"]["ENGINE"]
pytestmark = pytest.mark.skipif(not IS_SERVER, reason="SQLite has no server.")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    address = urlsplit(url_of(""))
    with Proxy(address.hostname, address.port) as proxy:
        yield proxy


def test_nobody_waits_for_a_silent_database(
    ready_database: MakeDatabase, redis_urls: tuple[str, str], proxy: Proxy
) -> None:
    with ready_database() as name:
        address = urlsplit(url_of(name))
        through = address._replace(netloc=address.netloc.replace(f":{address.port}", f":{proxy.port}")).geturl()
        with LiveServer(database_url=through, redis_url=redis_urls[1], LIVE_PORT=str(free_port())) as live:
            nobody_waits(live, proxy)


def nobody_waits(live: LiveServer, proxy: Proxy) -> None:
    """Let the database of a server fall silent and come back, and prove that everybody is answered in time."""
    wallet = open_wallet(live.url, "Wallet")
    live_url = live.live_url.removesuffix("/graphql/")
    with calling(live.url) as callers, calling(live_url) as of_live:
        of_live.start("ready", lambda _name: get("/readyz"), pause_seconds=0.1)
        callers.start("ready", lambda _name: get("/readyz"), pause_seconds=0.1)
        callers.start("alive", lambda _name: get("/livez"), pause_seconds=0.1)
        callers.start("read", lambda _name: get("/api/wallets/?filter[label]=x{}"), clients=8)
        callers.start("post", lambda each: post(wallet, each), clients=8)
        for kind in ("ready", "read", "post"):
            callers.wait_for(kind, lambda told: told.status in (200, 201))
        # The live server begins to listen later, and is not ready before it has looked.
        of_live.wait_for("ready", lambda told: told.status == 200)
        proxy.fall_silent()
        silent_at = time.monotonic()
        both = [
            each.wait_for("ready", lambda told: told.until > silent_at and told.status == 503)
            for each in (callers, of_live)
        ]
        for each in both:
            assert each.until - silent_at < READY_SECONDS * SLACK
        # Long enough for requests that begin once the silence is known.
        time.sleep(1)
        proxy.answer_again()
        back_at = time.monotonic()
        for kind in ("ready", "read", "post"):
            well = callers.wait_for(kind, lambda told: told.at > back_at and told.status in (200, 201))
            assert well.until - back_at < WELL_SECONDS * SLACK
        of_live.wait_for("ready", lambda told: told.at > back_at and told.status == 200)
    told = callers.told()
    during = [each for each in told if each.at < back_at and each.until > silent_at]
    assert max(each.seconds for each in told) < ANSWER_SECONDS * SLACK
    assert {each.status for each in told} <= {200, 201, 503}
    assert {each.status for each in callers.told("alive")} == {200}
    known_at = max(each.until for each in both)
    late = [each for each in during if each.at > known_at and each.until < back_at]
    assert {each.status for each in late if not each.name.startswith("alive")} == {503}

    assert {each.name for each in callers.told("post") if each.status == 201} <= txids(live.url)
    assert live.manage("reconcile").returncode == 0


@pytest.mark.django_db
def test_the_sessions_of_a_server_wait_for_nothing_without_end() -> None:
    """The locks of a client whose machine has disappeared would otherwise last for 8 hours (`wait_timeout`)."""
    from walletsvc.db.mysql import patience

    database = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        database.connect()
        patience._limit(database)
        with database.cursor() as cursor:
            cursor.execute("SHOW SESSION VARIABLES LIKE '%%time%%'")
            found = dict(cursor.fetchall())
    finally:
        database.close()
    limits = {"innodb_lock_wait_timeout": 3, "lock_wait_timeout": 3, "wait_timeout": 660}
    if database.mysql_is_mariadb:
        limits |= {"max_statement_time": 8, "idle_transaction_timeout": 10}
    assert {name: float(found[name]) for name in limits} == limits
