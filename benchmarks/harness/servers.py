"""The databases and HTTP servers of a run: started on free loopback ports, ended with the run."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from tests.servers import MariaDBServer, free_ports

ROOT = Path(__file__).resolve().parent.parent.parent
WORKERS = 2
THREADS = 8
START_SECONDS = 120
IDLE_SECONDS = 10


class HarnessError(Exception):
    """The measurement cannot continue."""


class BenchmarkMariaDB(MariaDBServer):
    """A MariaDB server with room for a million transactions, as durable as the default."""

    settings = (
        "--innodb-buffer-pool-size=2G",
        "--innodb-log-file-size=1G",
        # Each COMMIT is on disk before it is answered.
        "--innodb-flush-log-at-trx-commit=1",
        "--max-connections=500",
    )

    def _arguments(self) -> list[str]:
        return [*super()._arguments(), *self.settings]

    def url_of(self, database: str) -> str:
        """Return the address of another database of this server."""
        return f"mysql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"


class HttpServer:
    """An HTTP server in its own process group.

    In its command, `{port}` stands for the port to listen on, `{live_port}` for another free port.
    """

    def __init__(
        self, command: Sequence[str], *, environment: Mapping[str, str], log: Path, root: Path = ROOT
    ) -> None:
        ports = dict(zip(("{port}", "{live_port}"), map(str, free_ports(2)), strict=True))
        self.url = f"http://127.0.0.1:{ports['{port}']}"
        self._live_port = ports["{live_port}"]
        self.live_url = f"ws://127.0.0.1:{self._live_port}/graphql/"
        self._command = [ports.get(part, part) for part in command]
        self._environment = dict(environment)
        self._log = log
        self._root = root
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._root,
                env=os.environ | self._environment,
                start_new_session=True,
            )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Return the id of the main process."""
        if self._process is None:
            raise HarnessError(f"{self._command} is not running")
        return self._process.pid

    def worker_pids(self) -> list[int]:
        """Return the ids of the working processes: the main process's descendants without children."""
        found = [pid for pid in _descendants(self.pid) if not any(_children(pid))]
        return [pid for pid in found if "resource_tracker" not in _command_line(pid)]

    def live_memory(self) -> int:
        """Return the resident bytes of the process that serves subscriptions (Linux)."""
        serving = [pid for pid in _descendants(self.pid) if self._live_port in _command_line(pid)]
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in serving]
        return max(pages) * os.sysconf("SC_PAGE_SIZE")

    def cpu_seconds(self) -> float:
        """Return the processor time that its processes have used so far."""
        return sum(map(_cpu_seconds, [self.pid, *_descendants(self.pid)]))

    def wait_until_idle(self) -> None:
        """Let it finish the rest of wrk's requests, so that the next measurement does not pay for it."""
        before = -1.0
        deadline = time.monotonic() + IDLE_SECONDS
        while time.monotonic() < deadline and (now := self.cpu_seconds()) != before:
            before = now
            time.sleep(0.1)

    def stop(self) -> None:
        """End the main process and its workers."""
        if self._process is None:
            return
        # Some may have their own group, and outlive a main process that had to be killed.
        descendants = list(_descendants(self._process.pid))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            for pid in descendants:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self._process = None

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            try:
                with urllib.request.urlopen(self.url, timeout=5):  # noqa: S310 - a loopback address
                    return
            except urllib.error.HTTPError:
                return  # an error is an answer too
            except OSError:
                time.sleep(0.05)
        end = "\n".join(self._log.read_text(errors="replace").splitlines()[-30:])
        raise HarnessError(f"{' '.join(self._command)} does not answer; the end of its log:\n{end}")


@contextlib.contextmanager
def running(servers: Collection[HttpServer]) -> Iterator[None]:
    """Run all these servers. They start and end side by side, because both are mostly waiting.

    Raises HarnessError if one does not start.
    """
    with ThreadPoolExecutor(len(servers)) as threads:
        try:
            list(threads.map(HttpServer.__enter__, servers))
            yield
        finally:
            list(threads.map(HttpServer.stop, servers))


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, task.read_text().split())


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def _cpu_seconds(pid: int) -> float:
    # proc(5): the fields after the name in parentheses; utime and stime are fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
