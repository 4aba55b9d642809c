"""A redis-py connection used directly: bytes to its socket, replies from hiredis' own parser."""

from __future__ import annotations

import re
import socket
import ssl
import struct
import time
from typing import Any

import hiredis
import redis
from hiredis import pack_command

from walletsvc.cache.store import PROCESS

REST_SECONDS = 0.5
"""Redis measures in whole seconds how long a connection has been idle before it closes it."""

REST_OF_REPLY_SECONDS = 0.75
"""How long a reply may take from its first part on: a part that comes now and then keeps nobody waiting."""

_IDENTIFY = (
    pack_command(("INFO", "server"))  # type: ignore[arg-type]  # any number of words will do
    + pack_command(("INFO", "replication"))  # type: ignore[arg-type]
    + pack_command(("CLIENT", "TRACKING", "ON", "OPTIN"))  # type: ignore[arg-type]
)
_PENDING = object()
_BUFFER_BYTES = 65_536


class Line:
    """An open `connection`, and the instance that it leads to. Nothing else may use the connection meanwhile.

    On each call the client itself checks for rare cases: other timeouts, moves within a cluster, a need to connect.
    That takes several times as long as a small command.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.instance = ""
        self.is_doubtful = True
        self._process = PROCESS.name
        self._socket = connection._sock
        self._buffer = bytearray(_BUFFER_BYTES)
        self._reader = hiredis.Reader(
            protocolError=redis.InvalidResponse, replyError=_error_of, notEnoughData=_PENDING
        )
        self._used_at = time.monotonic()
        _let_the_kernel_time(self._socket, connection.socket_timeout)

    def ask(self, packet: bytes, count: int) -> list[Any]:
        """Send commands and return their `count` replies, errors included.

        Raises a `redis.RedisError` that is not a reply when the connection must not be used any more.
        """
        receive, buffer, reader = self._socket.recv_into, self._buffer, self._reader
        replies: list[Any] = []
        deadline = 0.0
        try:
            self._socket.sendall(packet)
            while len(replies) < count:
                length = receive(buffer)
                if not length:
                    raise ConnectionResetError("Redis has closed the connection.")
                reader.feed(buffer, 0, length)  # type: ignore[arg-type]  # any buffer will do
                while len(replies) < count and (reply := reader.gets()) is not _PENDING:
                    # Messages that the server pushes on its own (RESP3) are not replies.
                    if isinstance(reply, hiredis.PushNotification):
                        self.is_doubtful = True
                    else:
                        replies.append(reply)
                # The first part nearly always is the whole. Each further one has a timeout of its own.
                if len(replies) < count:
                    now = time.monotonic()
                    deadline = deadline or now + REST_OF_REPLY_SECONDS
                    if now > deadline:
                        raise TimeoutError("The reply comes too slowly.")
        except TimeoutError as error:
            raise redis.TimeoutError(str(error)) from error
        except OSError as error:
            raise redis.ConnectionError(str(error)) from error
        self._used_at = time.monotonic()
        return replies

    def identify(self) -> str:
        """Note and return the Redis behind the connection: the process, the history of its data, and the database.

        Empty for a replica. `run_id` is new at each start of a server, and `master_replid` at each fail-over, when
        writes may be lost (https://redis.io/docs/latest/commands/info/).

        A server can also receive another's data while the connection stays open. It reports that, before its next
        reply, to clients with key tracking, which sets `is_doubtful`: then call this again. OPTIN keeps it from
        tracking any key (https://redis.io/docs/latest/develop/reference/client-side-caching/).

        Raises `redis.RedisError`.
        """
        self.is_doubtful = False
        replies = self.ask(_IDENTIFY, 3)
        for reply in replies:
            if isinstance(reply, redis.ResponseError):
                raise reply
        said = dict(re.findall(rb"(run_id|role|master_replid):(\w+)", replies[0] + replies[1]))
        is_primary = said.get(b"role") == b"master" and len(said) == 3
        parts = (said[b"run_id"].decode(), said[b"master_replid"].decode(), self.connection.db) if is_primary else ()
        self.instance = ":".join(map(str, parts))
        return self.instance

    def is_ready(self) -> bool:
        """Tell whether nothing is left to read, and the server has not closed the connection.

        False for a connection of the process that this one was forked from.
        """
        if self._process is not PROCESS.name:
            return False
        if time.monotonic() - self._used_at < REST_SECONDS:
            return True
        try:
            return not self.connection.can_read()
        except (redis.RedisError, OSError):
            return False


def _error_of(text: str) -> redis.ResponseError:
    return redis.exceptions.NoScriptError(text) if text.startswith("NOSCRIPT") else redis.ResponseError(text)


def _let_the_kernel_time(sock: Any, seconds: float | None) -> None:
    """Let the kernel keep the connection's timeout (socket(7): SO_RCVTIMEO) instead of Python.

    Python polls the socket before each send or receive, and other threads run in between. A late reply then raises
    `BlockingIOError`, and so `redis.ConnectionError`.
    """
    if seconds and not isinstance(sock, ssl.SSLSocket):
        timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
