"""The processes of a server that answer requests, and the memory that they take (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that answers, and what of: `web` or `live`."""

    name: str
    pid: int

    def resident_mib(self) -> float:
        """Return how much of it is in memory. Raises `OSError` if it has ended."""
        _, found, size = Path(f"/proc/{self.pid}/status").read_text().partition("VmRSS:")
        if not found:  # a zombie has none
            raise ProcessLookupError(f"{self.name} has ended")
        return int(size.split()[0]) / 1024


def workers_of(supervisor: int) -> list[Worker]:
    """Return the workers of `manage.py serve`: the children of its two servers."""
    return sorted(_workers(supervisor), key=lambda worker: (worker.name, worker.pid))


def _workers(supervisor: int) -> Iterator[Worker]:
    for server in _children(supervisor):
        name = "live" if b"asgi" in _arguments(server) else "web"
        for child in _children(server):
            if not any(b"resource_tracker" in each for each in _arguments(child)):
                yield Worker(name, child)


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, task.read_text().split())


def _arguments(pid: int) -> list[bytes]:
    # A program that sets its title has spaces between.
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b" ", b"\0").split(b"\0")
