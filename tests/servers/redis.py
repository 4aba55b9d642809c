from __future__ import annotations

import socket
from pathlib import Path

from tests.servers.process import Server


class RedisServer(Server):
    """A Redis server. With `persistent`, a restart, even after a kill, brings the old keys back."""

    binaries = ("redis-server", "valkey-server")

    def __init__(self, *, persistent: bool = False, in_memory: bool = True) -> None:
        super().__init__(in_memory=in_memory)
        self.persistent = persistent

    @property
    def url(self) -> str:
        return f"redis://{self.host}:{self.port}/0"

    @property
    def socket_url(self) -> str:
        """Return the address of the same database by the server's Unix socket."""
        return f"unix://{self._socket_path}?db=0"

    @property
    def _socket_path(self) -> Path:
        return self.folder / "redis.sock"

    def flush(self) -> None:
        """Remove every key."""
        with self._connect(timeout_seconds=5) as connection:
            if _command(connection, "FLUSHALL") != b"+OK":
                raise self._error("did not flush")

    def _arguments(self) -> list[str]:
        appending = ("yes", "--appendfsync", "always") if self.persistent else ("no",)
        return [
            *("--bind", self.host, "--port", str(self.port), "--dir", str(self.folder)),
            *("--unixsocket", str(self._socket_path)),
            *("--save", "", "--daemonize", "no"),
            *("--appendonly", *appending),
        ]

    def _answers(self, connection: socket.socket) -> bool:
        return _command(connection, "PING") == b"+PONG"  # -LOADING while it reads old data


def _command(connection: socket.socket, command: str) -> bytes:
    connection.sendall(command.encode() + b"\r\n")
    with connection.makefile("rb") as stream:
        return stream.readline().strip()
