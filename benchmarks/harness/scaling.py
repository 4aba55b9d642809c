"""Check that a question costs the same on a million transactions as on ten thousand, in time and in the database."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import MySQLdb

from benchmarks.harness import dataset
from benchmarks.harness.client import Answer, Client
from benchmarks.harness.contenders import our_contender, prepare_walletsvc, reconcile
from benchmarks.harness.goals import Goal
from benchmarks.harness.questions import (
    CREATE_BY_GRAPHQL,
    CURSOR_PROFILE,
    POST_TRANSACTION,
    get_connection,
    get_list,
)
from benchmarks.harness.servers import BenchmarkMariaDB, HarnessError, running
from benchmarks.harness.wrk import Template

PAGE = 20
MOST_RATIO = 1.5
MOST_DATABASE_MS = 10.0
LOG_LAG_SECONDS = 0.003
_QUERY_TIME = re.compile(r"^# Query_time: ([0-9.]+)", re.MULTILINE)

Say = Callable[[str], None]
Ask = Callable[[Client], Answer]


@dataclass(slots=True)
class Scaled:
    """A question on both sizes, smaller first: medians of a request's time, and of its time in the database."""

    name: str
    is_first_page: bool
    wall_ms: list[float] = field(default_factory=list)
    database_ms: list[float] = field(default_factory=list)
    slowest_database_ms: list[float] = field(default_factory=list)
    slowest_statement: list[str] = field(default_factory=list)
    problem: str | None = None


@dataclass(slots=True)
class _Subject:
    """A database of one size, with its questions."""

    url: str
    asks: dict[str, Ask] = field(default_factory=dict)


def measure_scaling(
    database: BenchmarkMariaDB,
    redis_url: str,
    *,
    sizes: Sequence[dataset.Size],
    requests: int,
    folder: Path,
    say: Say,
) -> list[Scaled]:
    """Measure each question on each size, one request after the other, with CACHE_SECONDS=0."""
    subjects = []
    for size in sizes:
        say(f"Scaling: making {size.transactions:,} transactions")
        name = f"scaling_{size.transactions}"
        with dataset.connect(database.url) as connection:
            dataset.create_database(connection, name)
        prepare_walletsvc(database.url_of(name), redis_url, size)
        subjects.append(_Subject(database.url_of(name)))
    results: dict[str, Scaled] = {}
    with dataset.connect(database.url) as connection:
        say("Scaling: the time of a request")
        _measure_wall(subjects, sizes, redis_url, requests, folder, results)
        say("Scaling: its time in the database")
        log = folder / "slow.log"
        log_statements(connection, log)
        _measure_database(subjects, redis_url, max(10, requests // 5), folder, log, results)
        connection.query("SET GLOBAL slow_query_log = 0")
        connection.query("SET GLOBAL long_query_time = 10")
    for subject in subjects:
        reconcile(our_contender("scaling", subject.url, redis_url))
    return list(results.values())


def _measure_wall(
    subjects: Sequence[_Subject],
    sizes: Sequence[dataset.Size],
    redis_url: str,
    requests: int,
    folder: Path,
    results: dict[str, Scaled],
) -> None:
    with ExitStack() as stack:
        clients = _start(stack, subjects, redis_url, folder)
        for subject, size, client in zip(subjects, sizes, clients, strict=True):
            subject.asks = dict(_questions(client, size))
        for name in subjects[0].asks:
            scaled = results[name] = Scaled(name, is_first_page="first page" in name)
            times: list[list[float]] = [[] for _ in subjects]
            try:
                # In turns, so that both meet the same conditions; the first requests only warm up.
                for number in range(requests + 5):
                    for subject, client, seconds in zip(subjects, clients, times, strict=True):
                        answer = subject.asks[name](client)
                        if number >= 5:
                            seconds.append(answer.seconds * 1000)
            except HarnessError as error:
                scaled.problem = str(error)
            else:
                scaled.wall_ms = [median(seconds) for seconds in times]


def _measure_database(
    subjects: Sequence[_Subject],
    redis_url: str,
    requests: int,
    folder: Path,
    log: Path,
    results: dict[str, Scaled],
) -> None:
    for subject in subjects:
        with ExitStack() as stack:
            (client,) = _start(stack, [subject], redis_url, folder)
            for scaled in results.values():
                if scaled.problem is None:
                    _add_database_time(scaled, subject.asks[scaled.name], client, requests, log)


def _add_database_time(scaled: Scaled, ask: Ask, client: Client, requests: int, log: Path) -> None:
    sums: list[float] = []
    slowest = (0.0, "")
    ask(client)
    for _ in range(requests):
        time.sleep(LOG_LAG_SECONDS)
        start = log.stat().st_size
        ask(client)
        # The server answers before it writes the log.
        time.sleep(LOG_LAG_SECONDS)
        with log.open("rb") as file:
            file.seek(start)
            statements = list(read_log(file.read().decode(errors="replace")))
        sums.append(sum(milliseconds for milliseconds, _ in statements))
        slowest = max([slowest, *statements])
    scaled.database_ms.append(median(sums))
    scaled.slowest_database_ms.append(max(sums))
    scaled.slowest_statement.append(slowest[1])


def log_statements(connection: MySQLdb.Connection, log: Path) -> None:
    """Let the server log every statement there. Each connection reads the setting when it opens: servers start
    then."""
    for setting in (f"slow_query_log_file = '{log}'", "long_query_time = 0", "slow_query_log = 1"):
        connection.query(f"SET GLOBAL {setting}")


def read_log(text: str) -> Iterator[tuple[float, str]]:
    """Yield the milliseconds and the text of each statement of a slow query log
    (https://mariadb.com/kb/en/slow-query-log-overview/)."""
    places = [*_QUERY_TIME.finditer(text)]
    for place, following in zip(places, [*places[1:], None], strict=False):
        lines = text[place.end() : following.start() if following else None].splitlines()[1:]
        statement = " ".join(line for line in lines if not line.startswith(("#", "SET timestamp", "use ")))
        yield float(place[1]) * 1000, statement


def _start(stack: ExitStack, subjects: Sequence[_Subject], redis_url: str, folder: Path) -> list[Client]:
    """Start a server for each, and return clients of them."""
    servers = [
        our_contender("scaling", each.url, redis_url, workers=1, threads=1, CACHE_SECONDS="0").server(folder)
        for each in subjects
    ]
    stack.enter_context(running(servers))
    return [stack.enter_context(Client(each.url)) for each in servers]


def _questions(client: Client, size: dataset.Size) -> Iterator[tuple[str, Ask]]:
    """Yield the questions to both faces, by name."""
    wallet = str(size.wallets // 2)
    middle = dataset.TXID.format(size.transactions // 2)
    cursors = {"Accept": CURSOR_PROFILE}
    yield "REST, first page", _reading(get_list(PAGE))
    page = _document(client.ask(get_list(1, f"filter[txid]={middle}", headers=cursors)))
    yield (
        "REST, a page by cursor",
        _reading(get_list(PAGE, f"page[after]={page['data'][0]['meta']['page']['cursor']}", headers=cursors)),
    )
    yield "REST, a wallet's first page", _reading(get_list(PAGE, f"filter[wallet]={wallet}"))
    yield "REST, POST", _writing(replace(POST_TRANSACTION, wallets=(1, size.wallets)))
    yield "GraphQL, first page", _reading(get_connection(PAGE))
    page = _document(client.ask(get_connection(1, filters={"txid": {"exact": middle}})))
    cursor = page["data"]["transactions"]["pageInfo"]["endCursor"]
    yield "GraphQL, a page by cursor", _reading(get_connection(PAGE, after=cursor))
    yield "GraphQL, a wallet's first page", _reading(get_connection(PAGE, filters={"wallet": wallet}))
    yield "GraphQL, POST", _writing(replace(CREATE_BY_GRAPHQL, wallets=(1, size.wallets)))


def _reading(template: Template) -> Ask:
    def ask(client: Client) -> Answer:
        answer = client.ask(template)
        data = _document(answer)["data"]
        found = len(data["transactions"]["edges"] if isinstance(data, dict) else data)
        if found != PAGE:
            raise HarnessError(f"a page of {found} instead of {PAGE}")
        return answer

    return ask


def _writing(template: Template) -> Ask:
    def ask(client: Client) -> Answer:
        answer = client.ask(template)
        payload = _document(answer)["data"].get("createTransaction")
        if payload is not None and not payload["transaction"]:
            raise HarnessError(f"refused: {payload}")
        return answer

    return ask


def _document(answer: Answer) -> Any:
    """Return the document. Raises HarnessError for a refusal."""
    document = answer.json() if answer.body else {}
    if answer.status not in (200, 201) or "data" not in document or document.get("errors"):
        raise HarnessError(f"answered {answer.status}: {answer.body[:300]!r}")
    return document


def judge_scaling(results: Sequence[Scaled], sizes: Sequence[dataset.Size]) -> Iterator[Goal]:
    """Yield the goals."""
    small, large = (f"{size.transactions:,}" for size in sizes)
    for scaled in results:
        measured = scaled.wall_ms[1] / scaled.wall_ms[0] if scaled.wall_ms else None
        yield Goal(
            name=f"{scaled.name}: time at {large} to {small} transactions",
            target=f"≤ {MOST_RATIO:g} x",
            measured=measured,
            holds=measured is not None and measured <= MOST_RATIO,
            note=scaled.problem or "",
        )
        if scaled.is_first_page:
            slowest = max(scaled.slowest_database_ms, default=None)
            yield Goal(
                name=f"{scaled.name}: slowest request in the database, ms",
                target=f"≤ {MOST_DATABASE_MS:g} ms",
                measured=slowest,
                holds=slowest is not None and slowest <= MOST_DATABASE_MS,
                note=scaled.problem or "",
            )
