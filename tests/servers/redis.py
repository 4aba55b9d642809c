from __future__ import annotations

import socket
from pathlib import Path

from tests.servers.process import Server


class RedisServer(Server):
    """A Redis server. With `persistent`, a restart, even after a kill, brings the old keys back."""

    binaries = ("redis-server", "valkey-server")

    def __init__(
        self, *, persistent: bool = False, in_memory: bool = True, primary: RedisServer | None = None
    ) -> None:
        super().__init__(in_memory=in_memory)
        self.persistent = persistent
        self.primary = primary

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
            *("--repl-diskless-sync-delay", "0"),
            *(("--replicaof", self.host, str(self.primary.port)) if self.primary else ()),
        ]

    def _answers(self, connection: socket.socket) -> bool:
        return _command(connection, "PING") == b"+PONG"  # -LOADING while it reads old data


class RedisSentinel(RedisServer):
    """A Sentinel that watches a Redis and its replicas, and promotes a replica if the primary does not answer."""

    binaries = ("redis-sentinel", "valkey-sentinel")
    service = "wallets"

    def __init__(self, primary: RedisServer) -> None:
        super().__init__(primary=primary)

    @property
    def url(self) -> str:
        return f"redis+sentinel://{self.host}:{self.port}/{self.service}/0"

    def _initialize(self) -> None:
        assert self.primary is not None
        self._config.write_text(
            f"bind {self.host}\nport {self.port}\ndir {self.folder}\n"
            f"sentinel monitor {self.service} {self.host} {self.primary.port} 1\n"
            f"sentinel down-after-milliseconds {self.service} 1000\n"
            f"sentinel failover-timeout {self.service} 5000\n"
        )

    @property
    def _config(self) -> Path:
        # It writes there what it has found out.
        return self.folder / "sentinel.conf"

    def _arguments(self) -> list[str]:
        return [str(self._config)]


def _command(connection: socket.socket, command: str) -> bytes:
    connection.sendall(command.encode() + b"\r\n")
    with connection.makefile("rb") as stream:
        return stream.readline().strip()
