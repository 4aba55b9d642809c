"""Connections to Redis without a server: each is one end of a pair of sockets, and a test writes at the other end.

All replies are there before they are read, so nobody waits for them.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import hiredis

from walletsvc.cache.redis import RedisStore

INSTANCE = "run:replication:3"
"""What `info` says, and which database a `Wired` is for."""
IDENTIFY = [[b"INFO", b"server"], [b"INFO", b"replication"], [b"CLIENT", b"TRACKING", b"ON", b"OPTIN"]]
"""The commands by which a line identifies its server."""
PUSH = b">2\r\n$10\r\ninvalidate\r\n_\r\n"
"""A message to a client with key tracking whose server's data have all been replaced (RESP3)."""


def info(run_id: str = "run", role: str = "master", master_replid: str = "replication") -> bytes:
    """Return the replies to the commands by which a line identifies its server, as Redis writes them."""
    server = f"# Server\r\nredis_version:7.4.0\r\nrun_id:{run_id}\r\ntcp_port:6379\r\n".encode()
    replication = f"# Replication\r\nrole:{role}\r\nmaster_replid:{master_replid}\r\nmaster_replid2:0\r\n".encode()
    return bulk(server) + bulk(replication) + b"+OK\r\n"


def bulk(text: bytes) -> bytes:
    """Return a bulk string (https://redis.io/docs/latest/develop/reference/protocol-spec/)."""
    return b"$%d\r\n%s\r\n" % (len(text), text)


class Wired:
    """What a `redis.Connection` is for a line. `server` is the other end.

    With SOCK_DGRAM in place of a stream, each read gets what was written at once.
    """

    def __init__(self, *, socket_timeout: float | None = 0.04, kind: socket.SocketKind = socket.SOCK_STREAM) -> None:
        self._sock, self.server = socket.socketpair(type=kind)
        self._sock.settimeout(socket_timeout)
        self.server.settimeout(0)
        self.socket_timeout = socket_timeout
        self.db = 3
        self.pid = os.getpid()
        self.is_readable = False
        self.failure: Exception | None = None
        self.calls: list[str] = []

    def can_read(self) -> bool:
        """Tell what the test has said."""
        if self.failure is not None:
            raise self.failure
        return self.is_readable

    def connect(self) -> None:
        self.calls.append("connect")

    def disconnect(self) -> None:
        self.calls.append("disconnect")

    def reply(self, *replies: bytes) -> None:
        """Have replies ready, at once."""
        self.server.sendall(b"".join(replies))

    def received(self) -> list[list[bytes]]:
        """Return the commands that have come since the last time, as words."""
        reader = hiredis.Reader()
        with suppress(BlockingIOError):
            while True:
                reader.feed(self.server.recv(65536))
        commands = []
        while (command := reader.gets()) is not False:
            commands.append(command)
        return commands

    def close(self) -> None:
        """Close both ends."""
        self._sock.close()
        self.server.close()


class Pool:
    """What a `redis.ConnectionPool` is for connections. It records what becomes of each."""

    def __init__(self) -> None:
        self.made: list[Wired] = []
        self.released: list[Wired] = []
        self.next: list[list[bytes]] = []
        """What the next connections reply to each packet. All others only identify themselves."""

    def get_connection(self) -> Wired:
        connection = Wired(kind=socket.SOCK_DGRAM)
        for replies in self.next.pop(0) if self.next else [info()]:
            connection.reply(replies)
        self.made.append(connection)
        return connection

    def release(self, connection: Wired) -> None:
        assert connection not in self.released, "It was released before."
        self.released.append(connection)

    def close(self) -> None:
        """Close all connections."""
        for connection in self.made:
            connection.close()


def store_on(pool: Pool, **options: Any) -> RedisStore:
    """Return a store that uses a pool."""
    client: Any = SimpleNamespace(connection_pool=pool)
    return RedisStore(client, **options)


def sent(connection: Wired) -> list[list[bytes]]:
    """Return the commands that a new connection was used for."""
    commands = connection.received()
    assert commands[:3] == IDENTIFY
    return commands[3:]
