"""Measure the rows: contender by contender in each repetition, so that all meet the same conditions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

from benchmarks.harness import dataset
from benchmarks.harness.checks import IncorrectError, MissingError, check
from benchmarks.harness.client import Client
from benchmarks.harness.contenders import CONSTANT, FLOOR, OUR_TABLES, TITLES, Contender, Tables
from benchmarks.harness.row import Row
from benchmarks.harness.servers import THREADS, WORKERS, BenchmarkMariaDB, HttpServer
from benchmarks.harness.wrk import CONNECTIONS, Load, Template, run_wrk

LONGEST_SECONDS = 10
_WARM_SECONDS = 4
"""Before writes: the first thousands are answered at two thirds of the later rate, by all contenders."""
_SLACK = 0.05

Say = Callable[[str], None]


@dataclass(slots=True)
class Cell:
    """The measurements of one contender on one row. `problem` says why there is no figure, if there is none."""

    row: str
    contender: str
    rates: list[float] = field(default_factory=list)
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    answer_bytes: int | None = None
    problem: str | None = None
    is_missing: bool = False

    @property
    def rate(self) -> float | None:
        """Return the median of the requests per second."""
        return median(self.rates) if self.rates and self.problem is None else None


@dataclass(slots=True)
class _Entrant:
    """A contender on one row, ready to be measured."""

    cell: Cell
    server: HttpServer | None = None
    template: Template | None = None
    tables: Tables | None = None
    seconds: int = 1


class Meter:
    """Measures rows on running servers."""

    def __init__(
        self,
        *,
        database: BenchmarkMariaDB,
        contenders: Mapping[str, Contender],
        servers: Mapping[str, HttpServer],
        wallets: int,
        repetitions: int,
        seconds: int,
        warms_up: bool,
        say: Say,
    ) -> None:
        self._database = database
        self._contenders = contenders
        self._servers = servers
        self._wallets = wallets
        self._repetitions = repetitions
        self._seconds = seconds
        self._warms_up = warms_up
        self._say = say

    def measure(self, rows: Sequence[Row]) -> list[Cell]:
        """Return a cell for each contender of each row, in order; all of them take turns."""
        entrants: list[tuple[Row, _Entrant]] = []
        for row in rows:
            self._say(row.title)
            ours: Cell | None = None
            for name in row.contenders:
                entrant = self._prepare(row, name, ours)
                ours = ours or entrant.cell
                entrants.append((row, entrant))
        for repetition in range(self._repetitions):
            for row, entrant in entrants:
                if entrant.cell.problem is None:
                    self._measure_once(row, entrant)
                    self._tell(entrant.cell, repetition)
        return [entrant.cell for _, entrant in entrants]

    def template_of(self, row: Row, name: str) -> Template:
        """Return the contender's request for this row. Raises what `check` raises."""
        with Client(self._servers[name].url) as client:
            return check(client, self._with_credentials(row, name))[0]

    def _with_credentials(self, row: Row, name: str) -> Row:
        contender = self._contenders[name]
        template = replace(row.template, headers=row.template.headers | dict(contender.headers))
        return replace(row, template=template, numbers=contender.numbers)

    def _prepare(self, row: Row, name: str, ours: Cell | None) -> _Entrant:
        """Check the contender, warm it up if that is wanted, and determine how long to measure it."""
        cell = Cell(row.key, name)
        if name == FLOOR:
            return _Entrant(cell, tables=OUR_TABLES, seconds=self._seconds)
        server = self._servers[name]
        entrant = _Entrant(cell, server, tables=self._contenders[name].tables, seconds=self._seconds)
        try:
            with Client(server.url) as client:
                if name in CONSTANT:
                    # It returns as many bytes as walletsvc; a 304 has none, and no answer is shorter than `{…}`.
                    size = max(100, (ours.answer_bytes if ours else None) or 0)
                    entrant.template = replace(row.template, path=f"/constant/{size}")
                    answer = client.ask(entrant.template)
                else:
                    entrant.template, answer = check(client, self._with_credentials(row, name))
                cell.answer_bytes = len(answer.body)
                once = median(client.ask(entrant.template).seconds for _ in range(3))
        except MissingError as missing:
            cell.problem, cell.is_missing = f"missing: {missing}", True
        except (IncorrectError, LookupError, TypeError, ValueError, OSError) as error:
            cell.problem = f"incorrect: {error!r}"
        else:
            # Long enough for every connection to get a few answers.
            needed = math.ceil(4 * once * CONNECTIONS / WORKERS)
            entrant.seconds = max(self._seconds, min(needed, LONGEST_SECONDS))
            if self._warms_up:
                run_wrk(server.url, entrant.template, seconds=_WARM_SECONDS if row.per_request else 1)
                server.wait_until_idle()
        if cell.problem:
            self._say(f"  {TITLES[name]}: {cell.problem}")
        return entrant

    def _measure_once(self, row: Row, entrant: _Entrant) -> None:
        cell, server = entrant.cell, entrant.server
        before = self._count(row, entrant.tables)
        if server is None or entrant.template is None:
            cell.rates.append(self._run_floor(entrant.seconds))
            return
        cpu_before = server.cpu_seconds()
        load = run_wrk(server.url, entrant.template, seconds=entrant.seconds)
        server.wait_until_idle()
        cpu = server.cpu_seconds() - cpu_before
        cell.rates.append(load.rate)
        cell.p50_ms.append(load.p50_ms)
        cell.p99_ms.append(load.p99_ms)
        cell.cpu_ms.append(cpu / max(load.requests, 1) * 1000)
        added = self._count(row, entrant.tables) - before
        cell.problem = load.problem or _find_loss(row, load, added) or _find_odd_size(row, load, cell)

    def _count(self, row: Row, tables: Tables | None) -> int:
        if not row.per_request or tables is None:
            return 0
        with dataset.connect(self._database.url_of(tables.database)) as connection:
            return dataset.count_rows(connection, row.table or tables.transaction)

    def _run_floor(self, seconds: int) -> float:
        arguments = ["--seconds", str(seconds), "--wallets", str(self._wallets)]
        arguments += ["--processes", str(WORKERS), "--threads", str(THREADS)]
        environment = {"DATABASE_URL": self._database.url}
        result = json.loads(dataset.run_python(["-m", "benchmarks.peers.floor", *arguments], environment))
        return float(result["posted"] / result["seconds"])

    def _tell(self, cell: Cell, repetition: int) -> None:
        outcome = cell.problem or f"{cell.rates[-1]:,.0f}/s"
        self._say(f"  {cell.row}: {TITLES[cell.contender]}, {repetition + 1} of {self._repetitions}: {outcome}")


def _find_loss(row: Row, load: Load, added: int) -> str | None:
    """Return the problem with the rows that a load left: each answer has one, wrk's last requests got no answer."""
    if not row.per_request:
        return None
    fewest = math.floor(load.requests * row.per_request)
    # wrk makes its first request only to look at it, so where each is sent twice, that one is not.
    most = math.ceil((load.requests + CONNECTIONS + (row.template.times - 1)) * row.per_request)
    return None if fewest <= added <= most else f"{load.requests} answers, but {added} transactions"


def _find_odd_size(row: Row, load: Load, cell: Cell) -> str | None:
    """Return the problem with the size of the answers to a read: an error among them is shorter."""
    if row.per_request or not cell.answer_bytes:
        return None
    # Headers are extra.
    average = load.bytes_read / load.requests
    if cell.answer_bytes * (1 - _SLACK) <= average <= cell.answer_bytes * (1 + _SLACK) + 1000:
        return None
    return f"answers of {average:.0f} bytes instead of {cell.answer_bytes}"


def find(cells: Sequence[Cell], row: str, contender: str) -> Cell | None:
    """Return the cell of a contender on a row, if there is one."""
    return next((cell for cell in cells if (cell.row, cell.contender) == (row, contender)), None)
