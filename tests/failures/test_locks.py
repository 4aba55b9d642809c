"""A stranger locks a wallet, or all of them: those who need it are told so, and all others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from django.conf import settings

from tests.chaos.clients import open_wallet, wait_for
from tests.failures.callers import Told, calling, get, percentile, post, txids
from tests.failures.extent import IS_IN_FULL, in_full
from tests.live import LiveServer
from tests.servers import MariaDBServer

LOCKED_SECONDS = 30.0 if IS_IN_FULL else 8.0
HANG_SECONDS = 2.0
"""Who waits for the lock waits for longer: an attempt to get it takes 3 seconds, and more where others are before."""
IS_SERVER = "mysql" in settings.DATABASES["default"]["ENGINE"]
pytestmark = pytest.mark.skipif(not IS_SERVER, reason="SQLite locks all of a file.")


def credentials(url: str) -> dict[str, Any]:
    """Return what the driver has to know to connect."""
    at = urlsplit(url)
    who = {"user": unquote(at.username or ""), "password": unquote(at.password or "")}
    return {"host": at.hostname, "port": at.port, "database": at.path[1:], **who}


@contextmanager
def stranger(url: str) -> Iterator[Callable[[str], object]]:
    """Yield a function that runs a statement on a connection that nobody knows."""
    from MySQLdb import connect  # only where there is such a server

    with closing(connect(**credentials(url))) as other:
        yield other.cursor().execute


@pytest.fixture
def own_server() -> Iterator[MariaDBServer]:
    """Start a server that no other test uses."""
    with MariaDBServer() as server:
        yield server


def test_who_waits_for_a_wallet_keeps_nobody_else_waiting(live: LiveServer) -> None:
    with stranger(live.database_url) as run:
        locked, other = (open_wallet(live.url, label) for label in ("Locked", "Other"))
        with calling(live.url) as callers:
            callers.start("read", lambda _name: get("/api/wallets/?filter[label]=x{}"), clients=2)
            callers.start("one", lambda _name: get(f"/api/wallets/{other}/"))
            callers.start("other", lambda each: post(other, each), clients=2)
            for kind in ("read", "one", "other"):
                callers.wait_for(kind, lambda told: told.status in (200, 201))
            run("BEGIN")
            run(f"SELECT id FROM walletsvc_wallet WHERE id = {locked} FOR UPDATE")  # noqa: S608 - a number
            locked_at = time.monotonic()
            callers.start("locked", lambda each: post(locked, each), clients=64, pause_seconds=1)
            time.sleep(LOCKED_SECONDS)
            # So many clients take long to begin on a busy machine.
            wait_for(lambda: len(callers.told("locked")) > 64)
            until = time.monotonic()
            run("ROLLBACK")
            callers.wait_for("locked", lambda told: told.at > until and told.status == 201)
        refused = [each for each in callers.told("locked") if each.until < until]
        assert {each.status for each in refused} == {503}
        assert len(refused) > 64
        assert max(each.seconds for each in callers.told("locked")) < 6 * 2
        during = {kind: within(callers.told(kind), locked_at, until) for kind in ("read", "one", "other")}
        for kind, told in during.items():
            print(kind, len(told), percentile(told, 0.5), percentile(told, 0.99), percentile(told, 1.0))
            assert {each.status for each in told} <= {200, 201}, kind
            assert percentile(told, 0.95) < HANG_SECONDS
        assert {each.name for each in callers.told() if each.status == 201} == txids(live.url)


def test_a_table_that_is_locked_is_read_and_never_written(live: LiveServer) -> None:
    writes_are_refused(live, "LOCK TABLES walletsvc_wallet READ")


@in_full
def test_a_server_that_is_locked_is_read_and_never_written(
    own_server: MariaDBServer, redis_urls: tuple[str, str]
) -> None:
    live = LiveServer(database_url=own_server.url, redis_url=redis_urls[1])
    live.set_up_database()
    with live:
        writes_are_refused(live, "FLUSH TABLES WITH READ LOCK")


def writes_are_refused(live: LiveServer, statement: str) -> None:
    """Let a stranger run the statement, and prove that reads go on, and that no write is stored that was refused."""
    wallets = [open_wallet(live.url, f"Wallet {number}") for number in range(2)]
    with stranger(live.database_url) as run, calling(live.url) as callers:
        callers.start("read", lambda _name: get("/api/transactions/?filter[txid]=x{}"), clients=2)
        callers.wait_for("read", lambda told: told.status == 200)
        run(statement)
        locked_at = time.monotonic()
        callers.start("post", lambda each: post(wallets[int(each[-1]) % 2], each), clients=24, pause_seconds=1)
        time.sleep(LOCKED_SECONDS)
        until = time.monotonic()
        run("UNLOCK TABLES")
        callers.wait_for("post", lambda told: told.at > until and told.status == 201)
    refused = [each for each in callers.told("post") if each.until < until]
    assert {each.status for each in refused} == {503}
    assert max(each.seconds for each in callers.told("post")) < 10 * 2
    told = within(callers.told("read"), locked_at, until)
    print("read", len(told), percentile(told, 0.5), percentile(told, 0.99), percentile(told, 1.0))
    assert {each.status for each in told} == {200}
    assert percentile(told, 0.95) < HANG_SECONDS
    assert {each.name for each in callers.told("post") if each.status == 201} == txids(live.url)


def within(told: list[Told], begin: float, end: float) -> list[Told]:
    """Return the answers to requests that were sent in this time."""
    return [each for each in told if begin < each.at < end]
