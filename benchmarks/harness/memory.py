"""Check that a worker's memory stays flat, regardless of the number of requests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.harness.goals import Goal
from benchmarks.harness.questions import CONNECTION_OF_100, GET_WALLET, POST_TRANSACTION, get_list
from benchmarks.harness.servers import HarnessError, HttpServer
from benchmarks.harness.wrk import run_wrk

MOST_RATIO = 1.05
"""The growth that still counts as flat."""
_WARM_SHARE = 0.1
_SECONDS = {"GET a wallet": 2, "GET a page of 20": 2, "GraphQL connection of 100": 1, "POST": 1}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sample:
    """The resident memory of each worker after a number of requests."""

    requests: int
    worker_mib: tuple[float, ...]


def measure_memory(server: HttpServer, *, wallets: int, requests: int, seconds_factor: int, say: Say) -> list[Sample]:
    """Send requests of four kinds, cached and uncached, in turns. Raises HarnessError if one is refused."""
    spread = (1, wallets)
    templates = {
        "GET a wallet": replace(GET_WALLET, wallets=spread),
        "GET a page of 20": get_list(20, "page[number]={number}"),
        "GraphQL connection of 100": CONNECTION_OF_100,
        "POST": replace(POST_TRANSACTION, wallets=spread),
    }
    workers = server.worker_pids()
    answered = 0
    samples: list[Sample] = []
    while answered < requests:
        for name, template in templates.items():
            load = run_wrk(server.url, template, seconds=_SECONDS[name] * seconds_factor)
            if load.problem:
                raise HarnessError(f"{name}: {load.problem}")
            answered += load.requests
        if server.worker_pids() != workers:
            raise HarnessError("A worker has ended and was replaced.")
        samples.append(Sample(answered, tuple(map(resident_mib, workers))))
        say(f"Memory: {answered:,} requests, {', '.join(f'{mib:.1f} MiB' for mib in samples[-1].worker_mib)}")
    return samples


def judge_memory(samples: Sequence[Sample], *, requests: int) -> Goal:
    """Return the goal: the last sample against the first after a tenth of the requests, for the worst worker."""
    warm = next(sample for sample in samples if sample.requests >= requests * _WARM_SHARE)
    measured = max(end / start for start, end in zip(warm.worker_mib, samples[-1].worker_mib, strict=True))
    return Goal(
        name=f"Memory of a worker after {samples[-1].requests:,} requests, to that after {warm.requests:,}",
        target=f"≤ {MOST_RATIO:g} x (flat)",
        measured=measured,
        holds=measured <= MOST_RATIO,
        note="" if len(samples) > 1 else "too few requests to tell",
    )


def resident_mib(pid: int, *, peak: bool = False) -> float:
    """Return the resident memory of a process in MiB, now or at its peak."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:" if peak else "VmRSS:")[2].split()[0]) / 1024
