"""`manage.py serve` on its own database, in processes that are always found and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache, partial
from pathlib import Path

from tests.commands import run_to_end
from tests.live import ROOT

HOST = "127.0.0.1"
PATIENCE_SECONDS = 60.0
"""How long a process may take on a machine that is busy, before we take it for one that hangs."""
_MARK = "SERVING_TEST_FOLDER"


@cache
def new_database() -> bytes:
    """Return the file of a database that is set up and empty."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.sqlite3"
        variables = {**os.environ, "DATABASE_URL": f"sqlite:///{path}", "REDIS_URL": ""}
        manage = str(ROOT / "manage.py")
        run_to_end(sys.executable, manage, "setup_database", folder=path.parent, environment=variables)
        # Its log (WAL) is part of it until then.
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()


class Serving:
    """A running `manage.py serve`, the leader of a process group."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        """Start it with these arguments, on a new database.

        All its processes have the name of `folder` in their environment.
        """
        (folder / "new.sqlite3").write_bytes(new_database())
        self._mark = f"{_MARK}={folder}".encode()
        settings = {
            "DATABASE_URL": f"sqlite:///{folder / 'new.sqlite3'}",
            "REDIS_URL": "",
            "DEBUG": "true",
            "HOST": HOST,
            "WEB_WORKERS": "1",
            # Otherwise granian, where setproctitle is installed, writes its title over its environment.
            "SPT_NOENV": "1",
            _MARK: str(folder),
        }
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "serve", *arguments],
            env={**os.environ, **settings, **variables},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Tests run in the background may ignore the signal, and so may the processes that they start.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def wait(self) -> tuple[int, str, str]:
        """Return the exit code, stdout and stderr once it and all who share its output have ended."""
        stdout, stderr = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, stdout, stderr

    def pids(self) -> list[int]:
        """Return the processes that there are of it, orphans too. A zombie has no environment any more."""
        return [int(found.parent.name) for found in Path("/proc").glob("[0-9]*/environ") if self._is_ours(found)]

    def has_begun(self) -> bool:
        """Tell whether Python has started and handed over to the command, which leaves interrupts to the system.

        CPython itself loses 1 in 300 interrupts of its first milliseconds: it says "Failed checking if argv[0] is an
        import path entry" and continues, or ignores them in a callback of an import.
        """
        ignored, caught = _dispositions(self.process.pid)
        return bool(self.children(self.process.pid)) or (signal.SIGPIPE in ignored and signal.SIGINT not in caught)

    def children(self, pid: int) -> list[int]:
        """Return the processes that this one has started."""
        return [found for found in self.pids() if _parent(found) == pid]

    def mains(self, interface: str) -> list[int]:
        """Return the process that the workers of the server with this interface (wsgi, asgi) come from, if there."""
        return [pid for pid in self.children(self.process.pid) if interface.encode() in _arguments(pid)]

    def workers(self, interface: str) -> list[int]:
        """Return its workers."""
        return [worker for main in self.mains(interface) for worker in self.children(main)]

    def wait_for_no_process(self) -> None:
        """Wait for the end of all."""
        wait_until(lambda: not self.pids())

    def end(self) -> None:
        """End remaining processes, so that nothing outlives a failed test."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (pids := self.pids()) and time.monotonic() < deadline:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        self.process.communicate(timeout=PATIENCE_SECONDS)

    def _is_ours(self, environment: Path) -> bool:
        try:
            return self._mark in environment.read_bytes().split(b"\0")
        except OSError:
            return False  # it has ended meanwhile, or is someone else's


@contextlib.contextmanager
def serving(folder: Path, *arguments: str, **variables: str) -> Iterator[Serving]:
    """Start `manage.py serve` and end whatever is left of it."""
    running = Serving(folder, *arguments, **variables)
    try:
        yield running
    finally:
        running.end()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that is true soon, or fail."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.01)


def answers(port: int) -> bool:
    """Tell whether a worker answers a request."""
    try:
        with socket.create_connection((HOST, port), 5) as connection:
            connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(9) == b"HTTP/1.1 "
    except OSError:
        return False


def listens(port: int) -> bool:
    """Tell whether a process accepts connections."""
    try:
        socket.create_connection((HOST, port), 5).close()
    except ConnectionRefusedError:
        return False
    return True


def _dispositions(pid: int) -> tuple[set[int], set[int]]:
    """Return the signals that a process ignores, and those that it handles: proc(5), SigIgn and SigCgt."""
    fields = dict(line.partition(":")[::2] for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    masks = [int(fields[name], 16) for name in ("SigIgn", "SigCgt")]
    ignored, caught = ({number for number in range(1, 65) if mask >> (number - 1) & 1} for mask in masks)
    return ignored, caught


def _parent(pid: int) -> int | None:
    try:
        # proc(5): the name may hold anything, the parent is the second field after it.
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def _arguments(pid: int) -> list[bytes]:
    try:
        # A program that sets its title has spaces between.
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b" ", b"\0").split(b"\0")
    except OSError:
        return []
