"""A hostile hour, shortened: clients that send concurrently, and the effect on the memory of the workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random

from tests.hostile_hour.clients import Client, Unanswered
from tests.hostile_hour.requests import Kind
from tests.hostile_hour.workers import Worker, workers_of

ALLOWED_MIB = 64
"""By how much a worker may have grown in the end, from where it was after the first requests."""
CLIENTS = 4

__all__ = ["ALLOWED_MIB", "Hour", "Unanswered"]


class Hour:
    """Sends requests of `kinds`, and looks at the memory of the workers below a `supervisor`."""

    def __init__(self, supervisor: int, *, web_port: int, live_port: int, kinds: Sequence[Kind], seed: int) -> None:
        self._supervisor = supervisor
        ports, numbers = {False: web_port, True: live_port}, count(1)
        self._clients = [Client(ports, kinds, Random(f"{seed}:{place}"), numbers) for place in range(CLIENTS)]
        self._workers: list[Worker] = []
        self._samples: list[tuple[int, list[float]]] = []

    def prepare(self) -> None:
        """Make what the requests are about. Raises `Unanswered`."""
        self._clients[0].prepare()
        self._workers = workers_of(self._supervisor)

    def run(self, *, requests: int, base: int, step: int) -> None:
        """Send so many requests, and look after the first `base` of them and each `step`. Raises `Unanswered`."""
        print("requests  " + "  ".join(f"{worker.name:>4} MiB" for worker in self._workers))
        sent = 0
        self._look(sent)
        with ThreadPoolExecutor(CLIENTS) as threads:
            for until in sorted({min(base, requests), *range(step, requests, step), requests}):
                shares = [(until - sent + place) // CLIENTS for place in range(CLIENTS)]
                list(threads.map(Client.send, self._clients, shares))
                sent = until
                self._look(sent)
        for client in self._clients:
            client.close()

    @property
    def grown_mib(self) -> float:
        """Return by how much the worker has grown that has grown most, since the first look after requests."""
        (_, _), (_, before), *_ = self._samples
        _, after = self._samples[-1]
        return max(end - start for start, end in zip(before, after, strict=True))

    def report(self) -> str:
        """Return how the requests of each kind were answered."""
        answered = sum((client.statuses for client in self._clients), Counter[tuple[str, int]]())
        lines = [f"{name:26}{status}{number:8}" for (name, status), number in sorted(answered.items())]
        return "\n".join(["", *lines])

    def _look(self, sent: int) -> None:
        try:
            sample = [worker.resident_mib() for worker in self._workers]
        except OSError as error:
            raise Unanswered("A worker has ended.") from error
        self._samples.append((sent, sample))
        print(f"{sent:8}  " + "  ".join(f"{mib:8.1f}" for mib in sample), flush=True)
