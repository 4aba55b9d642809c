"""Measure what asks for much of the ledger: balances of the past, statements and books."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median, quantiles
from urllib.parse import quote

from benchmarks.harness import dataset
from benchmarks.harness.client import Client
from benchmarks.harness.contenders import our_contender, prepare_walletsvc
from benchmarks.harness.goals import Goal
from benchmarks.harness.memory import resident_mib
from benchmarks.harness.questions import GET_WALLET
from benchmarks.harness.servers import BenchmarkMariaDB, HarnessError, HttpServer

MOST_BALANCE_MS = 5.0
LEAST_LINES_A_SECOND = 20_000.0
MOST_STATEMENT_MIB = 32.0
MOST_BOOKS_SECONDS = 1.0
MOST_TOTALS_MS = 5.0
_MOST_LINES = 100_000
_FIRST = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment before the first transaction; each is a second after the one before (`dataset`)."""
_WARM_UP = 5

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many entries the one wallet has, how many wallets the books have, and how often each balance is asked."""

    entries: int
    wallets: int
    requests: int


def measure_history(
    database: BenchmarkMariaDB, redis_url: str, *, sizes: Sizes, folder: Path, say: Say
) -> Iterator[Goal]:
    """Yield what was measured, each beside its bound, with CACHE_SECONDS=0. Raises HarnessError for a refusal."""
    say(f"History: making a wallet of {sizes.entries:,} entries")
    with ExitStack() as stack:
        server = _start(stack, database, redis_url, dataset.Size(1, sizes.entries), folder)
        say("History: balances of the past, and a statement")
        yield _measure_balances(server, sizes)
        yield from _measure_statement(server, min(sizes.entries, _MOST_LINES))
    say(f"History: making {sizes.wallets:,} wallets")
    with ExitStack() as stack:
        size = dataset.Size(sizes.wallets, sizes.wallets)
        server = _start(stack, database, redis_url, size, folder)
        say("History: books")
        yield from _measure_books(server, database, size)


def _start(
    stack: ExitStack, database: BenchmarkMariaDB, redis_url: str, size: dataset.Size, folder: Path
) -> HttpServer:
    name = f"history_{size.wallets}"
    with dataset.connect(database.url) as connection:
        dataset.create_database(connection, name)
    url = database.url_of(name)
    prepare_walletsvc(url, redis_url, size)
    return stack.enter_context(our_contender(name, url, redis_url, workers=1, CACHE_SECONDS="0").server(folder))


def _measure_balances(server: HttpServer, sizes: Sizes) -> Goal:
    template = replace(GET_WALLET, path="/api/wallets/1/balance?at={moment}")
    milliseconds = []
    with Client(server.url) as client:
        for number in range(sizes.requests + _WARM_UP):
            moment = _text(_FIRST + timedelta(seconds=random.uniform(0, sizes.entries)))
            answer = client.ask(template, moment=moment)
            if answer.status != 200:
                raise HarnessError(f"A balance at {moment} answered {answer.status}: {answer.body[:300]!r}")
            if number >= _WARM_UP:
                milliseconds.append(answer.seconds * 1000)
    measured = quantiles(milliseconds, n=100)[-1]
    name = f"Balance at a random moment, of {sizes.entries:,} entries: 99 of 100 within, ms"
    return Goal(name, f"≤ {MOST_BALANCE_MS:g} ms", measured, measured <= MOST_BALANCE_MS)


def _measure_statement(server: HttpServer, lines: int) -> Iterator[Goal]:
    """Read a statement of so many lines as camt.053, as it comes."""
    end = _FIRST + timedelta(seconds=lines, microseconds=1)
    path = f"/api/wallets/1/statement?from={_text(_FIRST + timedelta(seconds=1))}&to={_text(end)}"
    [worker] = server.worker_pids()
    before = resident_mib(worker)
    Path(f"/proc/{worker}/clear_refs").write_text("5")  # proc(5): the peak begins anew
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=300)
    started = time.perf_counter()
    connection.request("GET", path, headers={"Accept": "application/xml"})
    response = connection.getresponse()
    found, tail = 0, b""
    while chunk := response.read1(2**16):
        found += (tail + chunk).count(b"<Ntry>")
        tail = (tail + chunk)[-5:]
    seconds = time.perf_counter() - started
    connection.close()
    if (response.status, found) != (200, lines):
        raise HarnessError(f"A statement answered {response.status} with {found} lines instead of {lines}")
    rate, grown = lines / seconds, resident_mib(worker, peak=True) - before
    name = f"A statement of {lines:,} lines as camt.053"
    yield Goal(f"{name}: lines a second", f"≥ {LEAST_LINES_A_SECOND:,.0f}", rate, rate >= LEAST_LINES_A_SECOND)
    yield Goal(f"{name}: growth of the worker, MiB", f"≤ {MOST_STATEMENT_MIB:g}", grown, grown <= MOST_STATEMENT_MIB)


def _measure_books(server: HttpServer, database: BenchmarkMariaDB, size: dataset.Size) -> Iterator[Goal]:
    seconds = []
    with Client(server.url) as client:
        for _ in range(_WARM_UP):
            answer = client.ask(replace(GET_WALLET, path="/api/books/USD/"))
            book = answer.json()["data"]["attributes"] if answer.status == 200 else {}
            if (book.get("difference"), book.get("walletCount")) != ("0.00", size.wallets):
                raise HarnessError(f"The book answered {answer.status}: {answer.body[:300]!r}")
            seconds.append(answer.seconds)
    measured = median(seconds)
    name = f"The book of {size.wallets:,} wallets"
    yield Goal(f"{name}: seconds", f"≤ {MOST_BOOKS_SECONDS:g} s", measured, measured <= MOST_BOOKS_SECONDS)
    milliseconds = []
    with dataset.connect(database.url_of(f"history_{size.wallets}")) as connection:
        for _ in range(_WARM_UP):
            started = time.perf_counter()
            dataset.scalar(connection, "SELECT SUM(received) - SUM(paid) FROM walletsvc_transactioncount")
            milliseconds.append((time.perf_counter() - started) * 1000)
    measured = median(milliseconds)
    yield Goal(f"{name}: received and paid, ms", f"≤ {MOST_TOTALS_MS:g} ms", measured, measured <= MOST_TOTALS_MS)


def _text(moment: datetime) -> str:
    return quote(moment.isoformat().replace("+00:00", "Z"))
