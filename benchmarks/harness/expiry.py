"""Measure holds that expire: how late a reader sees it, and what many at once cost everybody else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.harness import dataset
from benchmarks.harness.client import Client
from benchmarks.harness.contenders import our_contender, prepare_walletsvc, reconcile
from benchmarks.harness.goals import Goal
from benchmarks.harness.questions import GET_WALLET, POST_HOLD, POST_TRANSACTION
from benchmarks.harness.servers import BenchmarkMariaDB, HarnessError, HttpServer
from benchmarks.harness.wrk import run_wrk

MOST_SECONDS_LATE = 2.0
MOST_DRAIN_SECONDS = 60.0
LEAST_POSTS = 0.8
_DATABASE = "expiry"
_WALLETS = dataset.Size(1_000, 10_000)
_BEFORE_SECONDS = 5
_OPEN = "SELECT COUNT(*) FROM walletsvc_hold WHERE state = 'open'"

Say = Callable[[str], None]


def measure_expiry(
    database: BenchmarkMariaDB, redis_url: str, *, holds: int, folder: Path, say: Say
) -> Iterator[Goal]:
    """Yield what was measured, each beside its bound. Raises HarnessError if something is not as it should be."""
    with dataset.connect(database.url) as connection:
        dataset.create_database(connection, _DATABASE)
    url = database.url_of(_DATABASE)
    prepare_walletsvc(url, redis_url, _WALLETS)
    contender = our_contender(_DATABASE, url, redis_url, live=True)
    with ExitStack() as stack:
        server = stack.enter_context(contender.server(folder))
        connection = stack.enter_context(dataset.connect(url))
        say("Expiry: how late a reader sees it")
        late = max(_seconds_late(server) for _ in range(5))
        yield Goal(
            "A hold's expiry, visible to readers: seconds late, of 5 the latest",
            f"≤ {MOST_SECONDS_LATE:g} s",
            late,
            late <= MOST_SECONDS_LATE,
        )
        say(f"Expiry: {holds:,} holds at once")
        yield from _measure_drain(server, connection, holds)
    reconcile(contender)


def _seconds_late(server: HttpServer) -> float:
    """Return how long after its end a hold is still shown as open."""
    ends = datetime.now(UTC) + timedelta(seconds=1)
    document = json.loads(POST_HOLD.body)
    document["data"]["attributes"]["expiresAt"] = ends.isoformat()
    with Client(server.url) as client:
        created = client.ask(replace(POST_HOLD, body=json.dumps(document)), wallet="1", sum="1.00")
        if created.status != 201:
            raise HarnessError(f"A hold answered {created.status}: {created.body[:300]!r}")
        template = replace(GET_WALLET, path=f"/api/holds/{created.json()['data']['id']}/")
        while (now := datetime.now(UTC)) < ends + timedelta(seconds=30):
            state = client.ask(template).json()["data"]["attributes"]["state"]
            if state != "open":
                if state != "expired" or now < ends:
                    raise HarnessError(f"It is {state} at {now}, and ends at {ends}.")
                return (now - ends).total_seconds()
            time.sleep(0.02)
    raise HarnessError("A hold has not expired within 30 s.")


def _measure_drain(server: HttpServer, connection: Any, holds: int) -> Iterator[Goal]:
    """Let so many holds of wallets of their own expire at once, while others post."""
    posts = replace(POST_TRANSACTION, wallets=(1, _WALLETS.wallets))
    run_wrk(server.url, posts, seconds=_BEFORE_SECONDS)
    before = run_wrk(server.url, posts, seconds=_BEFORE_SECONDS)
    first = 10 * _WALLETS.wallets
    due = datetime.now(UTC) + timedelta(hours=1)
    dataset.add_wallets_with_holds(connection, (first, first + holds - 1), ends=due)
    server.wait_until_idle()
    with ThreadPoolExecutor(1) as pool:
        # All at once: from now on they are due.
        dataset.let_holds_expire(connection, (first, first + holds - 1))
        started = time.monotonic()
        meanwhile = pool.submit(run_wrk, server.url, posts, seconds=_BEFORE_SECONDS)
        while (
            left := int(dataset.scalar(connection, _OPEN))
        ) and time.monotonic() < started + 2 * MOST_DRAIN_SECONDS:
            time.sleep(0.05)
        drained = time.monotonic() - started
        during = meanwhile.result()
    if left or before.problem or during.problem:
        raise HarnessError(f"{left} holds are left; {before.problem or during.problem or 'all posts were answered'}")
    name = f"{holds:,} holds that expire at once"
    yield Goal(
        f"{name}: seconds until none is open",
        f"≤ {MOST_DRAIN_SECONDS:g} s",
        drained,
        drained <= MOST_DRAIN_SECONDS,
    )
    ratio = during.rate / before.rate
    yield Goal(f"{name}: POST meanwhile, to before", f"≥ {LEAST_POSTS:g} x", ratio, ratio >= LEAST_POSTS)
