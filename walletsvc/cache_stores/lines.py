"""A connection of redis-py's, spoken to directly: bytes to its socket, replies from hiredis' own parser."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import time
from typing import Any

import hiredis
import redis

REST_SECONDS = 0.5
"""Redis counts in seconds how long a connection has been idle before it closes it."""

_PENDING = object()
_BUFFER_BYTES = 65_536


class Line:
    """What `connection`, which is connected, leads to. Nothing else may use the connection meanwhile.

    The client's own way is to look at each call for what hardly ever is there: timeouts that differ, moves of a
    cluster, a need to connect. It takes several times what a small command takes.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._socket = connection._sock
        self._buffer = bytearray(_BUFFER_BYTES)
        self._reader = hiredis.Reader(
            protocolError=redis.InvalidResponse, replyError=_error_of, notEnoughData=_PENDING
        )
        self._used_at = time.monotonic()
        _let_the_kernel_time(self._socket, connection.socket_timeout)

    def ask(self, packet: bytes, count: int) -> list[Any]:
        """Send commands and return their `count` replies; an error is one of them, not raised.

        Raises another `redis.RedisError` for what the connection is no longer to be used after.
        """
        receive, buffer, reader = self._socket.recv_into, self._buffer, self._reader
        replies: list[Any] = []
        try:
            self._socket.sendall(packet)
            while len(replies) < count:
                length = receive(buffer)
                if not length:
                    raise ConnectionResetError("Redis has closed the connection.")
                reader.feed(buffer, 0, length)  # type: ignore[arg-type]  # any buffer will do
                while (reply := reader.gets()) is not _PENDING:
                    # What the server says without being asked is not the reply (RESP3 has such pushes).
                    if not isinstance(reply, hiredis.PushNotification):
                        replies.append(reply)
        except TimeoutError as error:
            raise redis.TimeoutError(str(error)) from error
        except OSError as error:
            raise redis.ConnectionError(str(error)) from error
        self._used_at = time.monotonic()
        return replies

    def is_ready(self) -> bool:
        """Tell whether nothing is to be read, and nobody has closed it since it was used.

        One of the process that this one was forked from is left to that.
        """
        if self.connection.pid != os.getpid():
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
    """Have the kernel keep the connection's timeout (socket(7): SO_RCVTIMEO) in place of Python.

    Python asks by a call of its own, before each one that sends or receives, if there is something to do yet, and
    other threads come in between. A reply that is late then is a `BlockingIOError`, and so a `redis.ConnectionError`.
    """
    if seconds and not isinstance(sock, ssl.SSLSocket):
        timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)
