"""Load a server with wrk and read its counts."""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.servers import HarnessError

_SCRIPT = Path(__file__).with_name("requests.lua")
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of request. requests.lua explains the marks in `path`, `headers`, `body` and `item`."""

    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    item: str = ""
    repeats: int = 0
    times: int = 1
    wallets: tuple[int, int] = (1, 1)
    others: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Load:
    """wrk's counts: answers, seconds, and errors."""

    requests: int
    seconds: float
    bytes_read: int
    problems: dict[str, int]
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def rate(self) -> float:
        """Return the answers per second."""
        return self.requests / self.seconds

    @property
    def problem(self) -> str | None:
        """Return the problem, or None: a refusal, a broken connection or a timeout invalidates a measurement."""
        found = [f"{count} {name.replace('_', ' ')}" for name, count in self.problems.items() if count]
        return ", ".join(found) or (None if self.requests else "no answer")


def run_wrk(url: str, template: Template, *, seconds: int) -> Load:
    """Send requests over 16 keep-alive connections for `seconds`. Raises HarnessError if wrk itself fails."""
    binary = shutil.which("wrk")
    if binary is None:
        raise HarnessError("wrk is not installed (Debian: apt-get install wrk)")
    command = [binary, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT), url, "--"]
    command += [template.method, template.path, *map(str, (*template.wallets, *template.others)), uuid.uuid4().hex]
    command += [str(template.repeats), str(template.times), template.item, template.body]
    for name, value in template.headers.items():
        command += [name, value]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    result = [line for line in finished.stdout.splitlines() if line.startswith("RESULT ")]
    if finished.returncode or not result:
        raise HarnessError(f"wrk failed: {finished.stderr or finished.stdout}")
    return _parse(json.loads(result[0].removeprefix("RESULT ")))


def _parse(result: dict[str, Any]) -> Load:
    return Load(
        requests=result["requests"],
        seconds=result["microseconds"] / 1e6,
        bytes_read=result["bytes"],
        problems={
            name: result[name] for name in ("refused", "connect_errors", "read_errors", "write_errors", "timeouts")
        },
        p50_ms=result["p50_ms"],
        p99_ms=result["p99_ms"],
        max_ms=result["max_ms"],
    )
