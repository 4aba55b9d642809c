"""Ask, and read from the log of the database how long each statement took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.flat.data import SIZES
from benchmarks.flat.questions import Asker, Listing
from benchmarks.harness import dataset
from benchmarks.harness.client import Client
from benchmarks.harness.contenders import our_contender
from benchmarks.harness.scaling import LOG_LAG_SECONDS, log_statements, read_log
from benchmarks.harness.servers import BenchmarkMariaDB, HarnessError, running
from benchmarks.harness.wrk import Template

_REPETITIONS = 3
_PATIENCE_MS = 200.0
"""What takes longer is asked once."""
_LOOKS = 20
"""How often to look whether the log has been written: a refusal may need no statement."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The middle one of some answers: its time in the database, and its slowest statement with the time of that.

    Or the refusal.
    """

    name: str
    milliseconds: float = 0.0
    slowest: float = 0.0
    statement: str = ""
    refusal: str = ""


class Meter:
    """Measures what requests to one server cost its database."""

    def __init__(self, client: Client, log: Path) -> None:
        self._client = client
        self._log = log

    def measure(self, name: str, template: Template) -> Measured:
        """Ask some times. The first time only warms up, unless it takes long."""
        found = [self._ask(name, template)]
        while found[-1].milliseconds < _PATIENCE_MS and len(found) <= _REPETITIONS and not found[-1].refusal:
            found.append(self._ask(name, template))
        found = sorted(found[1:] or found, key=lambda each: each.milliseconds)
        return found[len(found) // 2]

    def _ask(self, name: str, template: Template) -> Measured:
        start = self._log.stat().st_size
        answer = self._client.ask(template)
        statements = self._statements_from(start)
        document = answer.json() if answer.body else {}
        is_refused = answer.status != 200 or bool(document.get("errors"))
        total = sum(milliseconds for milliseconds, _ in statements)
        slowest, text = max(statements, default=(0.0, ""))
        return Measured(name, total, slowest, text, f"{answer.status}: {answer.body[:300]!r}" if is_refused else "")

    def _statements_from(self, start: int) -> Sequence[tuple[float, str]]:
        """Return the statements that the log has from there on. The server answers before it writes the log."""
        found: list[tuple[float, str]] = []
        for _ in range(_LOOKS):
            time.sleep(LOG_LAG_SECONDS)
            with self._log.open("rb") as file:
                file.seek(start)
                before, found = found, list(read_log(file.read().decode(errors="replace")))
            if found and len(found) == len(before):
                break
        return found


def serve(
    stack: ExitStack, server: BenchmarkMariaDB, redis_url: str, name: str, folder: Path
) -> tuple[Client, Meter]:
    """Start a server with the database `name`, without a cache; return a client of it, and its meter."""
    log = folder / "statements.log"
    with dataset.connect(server.url) as connection:
        log_statements(connection, log)
    contender = our_contender(f"flat-{name}", server.url_of(name), redis_url, workers=1, threads=1, CACHE_SECONDS="0")
    http = contender.server(folder)
    stack.enter_context(running([http]))
    client = stack.enter_context(Client(http.url))
    return client, Meter(client, log)


def measure_listings(
    client: Client, meter: Meter, name: str, wanted: Iterable[Listing], say: Callable[[str], None]
) -> list[Measured]:
    """Measure lists of the database `name`."""
    asker = Asker(client, SIZES[name])
    found: list[Measured] = []
    wanted = list(wanted)
    for number, listing in enumerate(wanted):
        if number % 100 == 0:
            slow = sum(each.milliseconds > 10 for each in found)
            say(f"{number:,} of {len(wanted):,} lists asked, {slow} of them slow")
        try:
            template = asker.template(listing)
        except HarnessError as error:
            found.append(Measured(listing.name, refusal=str(error)))
            continue
        if template is not None:
            found.append(meter.measure(listing.name, template))
    return found
