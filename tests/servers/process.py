"""What all private servers share: a folder, a port, a process, and an end that cannot be missed."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

_HOST = "127.0.0.1"
_MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a mount point; the folder inside it is made by mkdtemp
_MEMORY_NEEDED_BYTES = 2**30
_POLL_SECONDS = 0.02

# Waits on a pipe that only the owner holds: it closes when the owner ends, even by SIGKILL, from whichever
# thread the server was started (PR_SET_PDEATHSIG follows the thread, not the process).
_WATCHDOG = 'cat >/dev/null; kill -9 "-$0" 2>/dev/null; rm -rf "$1"'


class ServerError(RuntimeError):
    """A server is missing, did not start or did not stop."""


def find_binary(*names: str) -> Path | None:
    """Find the first program of these names. Servers often live in /usr/sbin, off a user's PATH."""
    search_path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin", "/sbin"])
    found = (shutil.which(name, path=search_path) for name in names)
    return next((Path(path) for path in found if path), None)


class Server(ABC):
    """One server process in its own folder. Its port stays the same when it is started again."""

    binaries: ClassVar[tuple[str, ...]]
    start_seconds: ClassVar[float] = 60
    account: ClassVar[str | None] = None
    """The user who runs the program, and has its folder; None is whoever starts it."""

    def __init__(self, *, in_memory: bool = True) -> None:
        """Prepare the folder, in memory where there is room unless the data should meet a disk."""
        binary = find_binary(*self.binaries)
        if binary is None:
            raise ServerError(f"none of {', '.join(self.binaries)} is installed")
        self.binary = binary
        self.host = _HOST
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="walletsvc-", dir=_parent_folder(in_memory=in_memory)))
        self._own(self.folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._initialized = False

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    @abstractmethod
    def url(self) -> str:
        """Return the address for DATABASE_URL or REDIS_URL."""

    @property
    def pid(self) -> int:
        """Return the process id. Raises ServerError when the server is not running."""
        if self._process is None:
            raise ServerError(f"{self.binary.name} is not running")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Tell whether the process was started, and neither stopped nor killed since."""
        return self._process is not None

    def start(self) -> None:
        """Start, or start again on the existing data, and wait until it accepts connections."""
        if self._process is not None:
            raise ServerError(f"{self.binary.name} is running already")
        if not self._initialized:
            self._initialize()
            self._initialized = True
        with self._log_path.open("ab") as log:
            # A separate session: an interrupt at the terminal reaches the tests, which stop the server.
            self._process = subprocess.Popen(
                [str(self.binary), *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
                start_new_session=True,
                user=self.account,
                umask=0o077 if self.account else -1,
            )
        self._watchdog = subprocess.Popen(
            ["sh", "-c", _WATCHDOG, str(self._process.pid), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )
        self._wait_until_ready()

    def stop(self, *, timeout_seconds: float = 30) -> None:
        """Shut down in order and keep the data."""
        self._end(signal.SIGTERM, timeout_seconds=timeout_seconds)

    def kill(self) -> None:
        """End at once with all children, as a crash of the machine would, and keep the data."""
        os.killpg(self.pid, signal.SIGKILL)
        self._end(signal.SIGKILL, timeout_seconds=10)

    def pause(self) -> None:
        """Stop answering while connections stay open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Answer again after a pause."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End the server and remove its folder."""
        if self._process is not None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialize(self) -> None:  # noqa: B027 - most servers need nothing
        """Create the files that the first start needs."""

    def _own(self, path: Path) -> None:
        """Give a file to the user who runs the program."""
        if self.account is not None:
            shutil.chown(path, self.account)

    @abstractmethod
    def _arguments(self) -> list[str]:
        """Return the arguments of the process."""

    def _environment(self) -> dict[str, str] | None:
        """Return the environment of the process, or None for that of its owner."""
        return None

    @abstractmethod
    def _answers(self, connection: socket.socket) -> bool:
        """Tell whether the server greets or replies on this fresh connection."""

    def _connect(self, *, timeout_seconds: float) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout_seconds)

    @property
    def _log_path(self) -> Path:
        return self.folder / "server.log"

    def _error(self, problem: str) -> ServerError:
        lines = self._log_path.read_text(errors="replace").splitlines() if self._log_path.exists() else []
        return ServerError("\n".join([f"{self.binary.name} {problem}; the end of its log:", *lines[-30:]]))

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.start_seconds
        while time.monotonic() < deadline:
            if self._process is not None and self._process.poll() is not None:
                exit_code = self._process.returncode
                self._forget_process()
                raise self._error(f"ended with {exit_code} while starting")
            with (
                contextlib.suppress(OSError),
                socket.create_connection((self.host, self.port), 1) as connection,
            ):
                if self._answers(connection):
                    return
            time.sleep(_POLL_SECONDS)
        self.kill()
        raise self._error(f"was not ready within {self.start_seconds} s")

    def _end(self, signal_number: signal.Signals, *, timeout_seconds: float) -> None:
        if self._process is None:
            raise ServerError(f"{self.binary.name} is not running")
        self._process.send_signal(signal_number)
        self._process.send_signal(signal.SIGCONT)  # a paused process would not see SIGTERM
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            raise self._error(f"did not stop within {timeout_seconds} s and was killed") from None
        finally:
            self._forget_process()

    def _forget_process(self) -> None:
        # The watchdog goes first: it must not meet a process id that was given to someone else.
        if self._watchdog is not None:
            os.killpg(self._watchdog.pid, signal.SIGKILL)
            self._watchdog.wait(10)
            if self._watchdog.stdin is not None:
                self._watchdog.stdin.close()
        self._process = self._watchdog = None


_FIRST_PORT, _PORTS = 12_000, 1_000
"""Below those that the system gives out (ip_local_port_range), so many for each process of pytest-xdist."""
_NUMBERS = itertools.count(random.randrange(_PORTS))


def free_port() -> int:
    """Return a port that is free at the moment."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """Return different ports that are free, and given to nobody else soon.

    Those that the system chooses, for clients too, are others, and so are those of other processes of pytest-xdist.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw")) + 1
    found: list[int] = []
    for _ in range(_PORTS):
        port = _FIRST_PORT + process * _PORTS + next(_NUMBERS) % _PORTS
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((_HOST, port))
            found.append(port)
        if len(found) == count:
            return found
    raise ServerError("no port is free")


def _parent_folder(*, in_memory: bool) -> Path | None:
    """Return a folder in memory with room to spare, or None for the system's temporary folder."""
    if not (in_memory and os.access(_MEMORY_FOLDER, os.W_OK)):
        return None
    return _MEMORY_FOLDER if shutil.disk_usage(_MEMORY_FOLDER).free >= _MEMORY_NEEDED_BYTES else None
