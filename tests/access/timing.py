"""`python -m tests.access.timing`: how long it takes to refuse what is another's, and what is not there.

Run by hand: no test judges by the clock. Each request is sent in turn with ids of another owner and of nothing, to a
real server; printed are the medians, and their ratio. Exits 1 if a ratio is not within 10 %.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.intrusion.__main__ import WITHOUT_LIMITS
from tests.intrusion.callers import Caller, make_callers
from tests.intrusion.requests import Connection, Request
from tests.intrusion.targets import JSON_API, Targets
from tests.live import LiveServer

ALLOWED = 0.10
_WARM_UP = 30


@dataclass(frozen=True, slots=True)
class Question:
    """A request about a thing, by its id."""

    name: str
    method: str
    path: str
    content: str = ""
    media_type: str = JSON_API

    def about(self, identifier: str, caller: Caller) -> Request:
        """Return the request about the thing with this id."""
        body = self.content.replace("{id}", identifier).encode() if self.content else None
        headers = (("Content-Type", self.media_type.encode()),) if body else ()
        request = Request("timing", self.method, self.path.replace("{id}", identifier).encode(), headers, body)
        return request.with_headers(caller.headers)


def _document(**data: object) -> str:
    return json.dumps({"data": data})


def _graphql(query: str) -> str:
    return json.dumps({"query": query})


_JSON = "application/json"
QUESTIONS = (
    Question("GET a wallet", "GET", "/api/wallets/{id}/"),
    Question("GET its entries", "GET", "/api/wallets/{id}/entries/"),
    Question("filter by it", "GET", "/api/transactions/?filter[wallet]={id}"),
    Question(
        "PATCH it", "PATCH", "/api/wallets/{id}/", _document(type="Wallet", id="{id}", attributes={"label": "x"})
    ),
    Question("DELETE it", "DELETE", "/api/wallets/{id}/"),
    Question(
        "POST to it",
        "POST",
        "/api/transactions/",
        _document(type="Transaction", attributes={"txid": "t", "amount": "1", "wallet": "{id}"}),
    ),
    Question("GraphQL wallet", "POST", "/graphql/", _graphql('{ wallet(id: "{id}") { label } }'), _JSON),
    Question(
        "GraphQL mutation",
        "POST",
        "/graphql/",
        _graphql('mutation { deleteWallet(input: {id: "{id}"}) { userErrors { code } } }'),
        _JSON,
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Measure, print, and return 1 if the medians of a question are not within 10 %."""
    parser = argparse.ArgumentParser(prog="python -m tests.access.timing", description=__doc__)
    parser.add_argument("--requests", type=int, default=500, help="of each question and kind of id (500)")
    number = parser.parse_args(arguments).requests
    with tempfile.TemporaryDirectory(prefix="walletsvc-") as folder:
        database_url = f"sqlite:///{Path(folder) / 'timing.sqlite3'}"
        # Without the cache: what is refused is never kept, and a list would be.
        settings = {"AUTH_REQUIRED": "true", "LOG_LEVEL": "CRITICAL", "CACHE_SECONDS": "0", **WITHOUT_LIMITS}
        with closing(LiveServer(database_url=database_url, **settings)) as server:
            server.set_up_database()
            server.start()
            ratios = list(_measure(server, number))
    return int(any(abs(ratio - 1) > ALLOWED for ratio in ratios))


def _measure(server: LiveServer, number: int) -> Iterator[float]:
    callers = make_callers(server)
    alice, bob = callers.owners
    connection = Connection(server.port)
    targets = Targets(callers.markers)
    for _ in range(20):
        targets.add(connection, (alice,))
    theirs = targets.ids["Wallet"][-1]
    absent = str(int(theirs) + 10 ** (len(theirs) - 1))
    print(f"{'':20}{'of another':>12}{'of nothing':>12}{'ratio':>8}")
    for question in QUESTIONS:
        times: dict[str, list[float]] = {theirs: [], absent: []}
        for place in range(number + _WARM_UP):
            # Neither is always first.
            for identifier in (theirs, absent)[:: 1 if place % 2 else -1]:
                request = question.about(identifier, bob)
                begun = time.perf_counter()
                connection.send(request)
                if place >= _WARM_UP:
                    times[identifier].append(time.perf_counter() - begun)
        found, missing = (1000 * median(times[each]) for each in (theirs, absent))
        print(f"{question.name:20}{found:9.2f} ms{missing:9.2f} ms{found / missing:8.2f}", flush=True)
        yield found / missing
    connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
