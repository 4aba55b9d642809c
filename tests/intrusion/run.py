"""A run: clients that send generated requests, each as several callers, and the faults in the answers."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from random import Random
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.intrusion.callers import Caller, Callers
from tests.intrusion.described import graphql_cases, graphql_request, rest_cases, rest_request
from tests.intrusion.oracle import Oracle, Thing
from tests.intrusion.raw import raw_requests
from tests.intrusion.requests import Answer, Connection, Request, Unanswered
from tests.intrusion.targets import Targets

KINDS = ("rest", "rest against its description", "graphql", "raw")
_ROUND = 150
"""Examples of each kind in a round, with new things to ask about in each."""
_MOST_FAULTS = 20
_PROGRESS_SECONDS = 15

Make = Callable[[Random, str], Request]
"""Makes a request, with the marker of an owner, or of none."""


@dataclass
class Report:
    """The result of a run. A fault is a text with the request and the answer."""

    sent: int = 0
    seconds: float = 0.0
    statuses: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    shown: dict[str, set[Thing]] = field(default_factory=dict)

    def __add__(self, other: Report) -> Report:
        owners = {*self.shown, *other.shown}
        shown = {owner: self.shown.get(owner, set()) | other.shown.get(owner, set()) for owner in owners}
        seconds = max(self.seconds, other.seconds)
        return Report(
            self.sent + other.sent, seconds, self.statuses + other.statuses, self.faults + other.faults, shown
        )

    def check_shown(self) -> None:
        """Note what more than one owner was shown, by whichever client."""
        owners = sorted(self.shown)
        for place, owner in enumerate(owners):
            for other in owners[place + 1 :]:
                for thing in sorted(self.shown[owner] & self.shown[other])[:_MOST_FAULTS]:
                    self.faults.append(f"{owner} and {other} were both shown {thing}.")

    def print(self) -> str:
        """Return how the requests of each kind were answered, by who sent them."""
        width = max((len(kind) for kind, _, _ in self.statuses), default=0)
        lines = [
            f"{kind:{width}}  {caller:24}{status or 'closed':>6}{number:8}"
            for (kind, caller, status), number in sorted(self.statuses.items())
        ]
        return "\n".join(lines)


def run(
    callers: Callers,
    *,
    port: int,
    description: dict[str, Any],
    requests: int,
    seed: int = 0,
    clients: int = 1,
    seconds: float = 10**6,
) -> Report:
    """Send so many requests, or as many as `seconds` allow, and return what came of it."""
    work = partial(_run_client, callers, port, description, requests // clients, seconds)
    if clients == 1:
        total = work((seed, 0))
    else:
        with ProcessPoolExecutor(clients, mp_context=get_context("spawn")) as processes:
            total = sum(processes.map(work, [(seed, place) for place in range(clients)]), Report())
    total.check_shown()
    return total


def _run_client(
    callers: Callers, port: int, description: dict[str, Any], requests: int, seconds: float, place: tuple[int, int]
) -> Report:
    return Client(callers, port, description, place).run(requests, seconds)


class Client:
    """Sends requests one after the other."""

    def __init__(self, callers: Callers, port: int, description: dict[str, Any], place: tuple[int, int]) -> None:
        self._callers = callers
        self._place = place
        self._connection = Connection(port)
        self._targets = Targets(callers.markers, prefix=f"{place[1]}.")
        self._oracle = Oracle(callers.markers)
        self._report = Report(shown=self._oracle.shown)
        self._cases = {
            "rest": rest_cases(description, GenerationMode.POSITIVE),
            "rest against its description": rest_cases(description, GenerationMode.NEGATIVE),
            "graphql": graphql_cases(),
        }

    def run(self, requests: int, seconds: float) -> Report:
        """Send so many requests, or as many as `seconds` allow."""
        begun = told = time.monotonic()
        end, number = begun + seconds, 0
        while self._report.sent < requests and time.monotonic() < end and len(self._report.faults) < _MOST_FAULTS:
            self._targets.add(self._connection, self._callers.owners)
            for kind in KINDS:
                if self._report.sent < requests:
                    self._send_some(kind, f"{self._place} {number}", until=requests)
            number += 1
            if time.monotonic() - told > _PROGRESS_SECONDS:
                told = time.monotonic()
                sent, faults = self._report.sent, len(self._report.faults)
                print(f"client {self._place[1]}: {sent:,} of {requests:,} requests, {faults} faults", flush=True)
        self._connection.close()
        self._report.seconds = time.monotonic() - begun
        return self._report

    def _send_some(self, kind: str, seed: str, *, until: int) -> None:
        @hypothesis.seed(seed)
        @hypothesis.settings(
            max_examples=min(_ROUND, until - self._report.sent),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[*HealthCheck],
        )
        @given(st.data(), st.randoms(use_true_random=True))
        def send(data: st.DataObject, random: Random) -> None:
            caller = random.choice((*self._callers.owners, *self._callers.limited))
            # Drawn even if it is not sent: hypothesis wants the same draws each time.
            request = self._draw(kind, data, random, caller.owner)
            if self._report.sent < until and len(self._report.faults) < _MOST_FAULTS:
                self._send_as_several(request, caller, random)

        send()

    def _draw(self, kind: str, data: st.DataObject, random: Random, owner: str) -> Request:
        if kind == "raw":
            return data.draw(raw_requests(self._targets, owner))
        case = data.draw(self._cases[kind])
        lead = graphql_request if kind == "graphql" else rest_request
        return lead(case, random, self._targets, owner)

    def _send_as_several(self, request: Request, caller: Caller, random: Random) -> None:
        """Send a request as the caller whose names it holds, as another owner, and as nobody."""
        self._send(request, caller)
        # The other owner's marker would be in its own answers, and what it writes would be shown to it.
        marker = self._callers.markers[caller.owner]
        if marker.encode() not in request.head() + (request.body or b""):
            self._send(request, random.choice([each for each in self._callers.owners if each.owner != caller.owner]))
        self._send(request, random.choice(self._callers.nobody), may_echo=marker)

    def _send(self, request: Request, caller: Caller, *, may_echo: str = "") -> None:
        sent = request.with_headers(caller.headers)
        try:
            answer = self._connection.send(sent)
        except Unanswered as error:
            self._note(request, caller, str(error))
            return
        finally:
            self._report.sent += 1
        self._report.statuses[request.kind, caller.name, answer.status] += 1
        problems = [*self._oracle.faults_of(caller, request, _without(answer, may_echo))]
        if problems:
            self._note(
                request, caller, f"{'; '.join(problems)}: {answer.status} {answer.headers} {answer.body[:2000]!r}"
            )

    def _note(self, request: Request, caller: Caller, problem: str) -> None:
        text = f"{caller.name}: {request.head()!r} {request.body!r}\n  {problem}"
        self._report.faults.append(text)


def _without(answer: Answer, text: str) -> Answer:
    """Return the answer without a text that its request held: a refusal may name what it refuses."""
    if not text:
        return answer
    return Answer(answer.status, answer.headers, answer.body.replace(text.encode(), b""))


def read_description(port: int) -> dict[str, Any]:
    """Return the OpenAPI document of a server."""
    answer = Connection(port).send(Request("description", "GET", b"/api/schema/"))
    described: dict[str, Any] = json.loads(answer.body)
    return described


def redacted(lines: list[str], callers: Callers) -> Iterator[str]:
    """Yield the lines without credentials."""
    for line in lines:
        for text, name in callers.secrets.items():
            line = line.replace(text, f"<{name}>")
        yield line
