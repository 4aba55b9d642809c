"""Profile a server under load with py-spy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.servers import HttpServer
from benchmarks.harness.wrk import Template, run_wrk

_OPTIONS = ("--format", "raw", "--rate", "100", "--gil", "--nonblocking")
"""Only the thread that holds the interpreter's lock, of the hundreds that a worker has, and without stopping them: to
stop all takes 30 milliseconds each time. A stack that changes meanwhile is left out."""
_PATIENCE_SECONDS = 30
_EVERYWHERE = 0.97
"""These are on almost every stack: the server's own loop, which says nothing."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Shares of the samples, greatest first: of each function itself, and including its callees.

    A sample is a look at the thread that holds the interpreter's lock: neither system calls nor granian are in it.
    """

    samples: int
    own: tuple[tuple[float, str], ...]
    total: tuple[tuple[float, str], ...]

    def as_text(self) -> str:
        """Return a table."""
        lines = [f"{self.samples} samples", "", "itself"]
        lines += [f"{share:6.1%}  {name}" for share, name in self.own]
        lines += ["", "with what it calls"]
        lines += [f"{share:6.1%}  {name}" for share, name in self.total]
        return "\n".join(lines) + "\n"


def profile(server: HttpServer, template: Template, *, seconds: int, top: int = 25) -> Profile | None:
    """Sample the workers for `seconds` under load. Returns None if py-spy is missing or not permitted."""
    binary = shutil.which("py-spy", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
    if binary is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        outputs = [Path(folder) / str(pid) for pid in server.worker_pids()]
        spies = [
            subprocess.Popen(
                [binary, "record", "--pid", output.name, "--duration", str(seconds), "--output", output, *_OPTIONS],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for output in outputs
        ]
        run_wrk(server.url, template, seconds=seconds + 1)
        for spy in spies:
            try:
                spy.wait(_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                # What has been measured is worth more than a profile.
                spy.kill()
                spy.wait()
        lines = [line for output in outputs if output.exists() for line in output.read_text().splitlines()]
    return _summarize(lines, top) if lines else None


def _summarize(lines: Iterable[str], top: int) -> Profile:
    """Count the functions of collapsed stacks: frames with `;` between, then the number of samples."""
    own: Counter[str] = Counter()
    total: Counter[str] = Counter()
    samples = 0
    for line in lines:
        stack, _, number = line.rpartition(" ")
        frames = [_function_of(frame) for frame in stack.split(";")]
        count = int(number)
        samples += count
        own[frames[-1]] += count
        for frame in set(frames):
            total[frame] += count
    telling = [(name, count) for name, count in total.most_common() if count < samples * _EVERYWHERE]
    return Profile(
        samples=samples,
        own=tuple((count / samples, name) for name, count in own.most_common(top)),
        total=tuple((count / samples, name) for name, count in telling[: top * 2]),
    )


def _function_of(frame: str) -> str:
    """Return the function of a frame, `name (file:line)`; empty for a waiting thread of the server itself."""
    name, _, _ = frame.rpartition(":")
    return f"{name})" if name else frame or "no Python code"
