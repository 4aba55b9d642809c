"""The real server, started as a user starts it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.servers import ServerError
from tests.servers.process import Server

ROOT = Path(__file__).parent.parent


class LiveServer(Server):
    """`manage.py serve` in separate processes; `kill` ends its workers too. Its output is in `server.log`.

    Its database is set up before it starts: as `ready_database` does, or with `set_up_database`.
    """

    binaries = (sys.executable,)
    start_seconds = 120

    def __init__(self, *, database_url: str, redis_url: str = "", workers: int = 1, **settings: str) -> None:
        """Take the addresses of a database and of a Redis database; `settings` are further variables."""
        super().__init__()
        self._variables = {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "DEBUG": "true",
            # Otherwise granian, where setproctitle is installed, writes its title over its environment.
            "SPT_NOENV": "1",
            "LOG_LEVEL": "WARNING",
            "HOST": self.host,
            "PORT": str(self.port),
            "LIVE_PORT": "0",
            "WEB_WORKERS": str(workers),
            **settings,
        }

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def database_url(self) -> str:
        return self._variables["DATABASE_URL"]

    @property
    def live_url(self) -> str:
        """Return where subscriptions are served, over HTTP; with `LIVE_PORT` they are."""
        return f"http://{self.host}:{self._variables['LIVE_PORT']}/graphql/"

    @property
    def log(self) -> str:
        """Return what the server has said so far."""
        return self._log_path.read_text(errors="replace")

    def manage(self, *arguments: str, timeout_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of `manage.py` with the server's settings."""
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self._environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )

    def kill(self) -> None:
        super().kill()
        # The workers end a moment after their parent, and a new server must not share the port with them.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                self._connect(timeout_seconds=1).close()
            except OSError:
                return
            time.sleep(0.01)
        raise self._error("was killed but is still answered for")

    def set_up_database(self) -> None:
        """Set the database up as users do. Raises ServerError."""
        finished = self.manage("setup_database")
        if finished.returncode:
            raise ServerError(f"setup_database ended with {finished.returncode}:\n{finished.stderr}")

    def _arguments(self) -> list[str]:
        return [str(ROOT / "manage.py"), "serve"]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._variables}

    def _answers(self, connection: socket.socket) -> bool:
        connection.settimeout(5)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with connection.makefile("rb") as stream:
            return stream.readline().startswith(b"HTTP/1.1 200 ")


def start_together(*servers: LiveServer) -> None:
    """Start servers at the same time: a start mostly waits, and loads the same code."""
    with ThreadPoolExecutor(len(servers)) as threads:
        list(threads.map(LiveServer.start, servers))
