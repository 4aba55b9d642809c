"""Connections to Redis: kept ready, asked in one packet, and checked for which Redis they lead to."""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import time
import weakref
from functools import lru_cache
from typing import Any

import redis
from hiredis import pack_command

from walletsvc.cache_stores.base import GENERATION, PREFIX, new_token

_INSTANCE = PREFIX + "instance"

REST_SECONDS = 0.5
"""Redis counts in seconds how long a connection has been idle before it closes it."""

Command = tuple[Any, ...]
"""The words of a command: texts, bytes and integers."""


class Connections:
    """Sends commands past the client, whose pool, hooks and metrics cost more than a small command itself.

    The connections are the pool's: it makes them, and checks and counts them. Those at rest are held here, for any
    thread; they go back when they break, and when this object goes.
    """

    def __init__(self, pool: Any) -> None:
        """Use connections of `pool`, a `redis.ConnectionPool`."""
        self._pool = pool
        self._ready: list[tuple[Any, float]] = []
        weakref.finalize(self, _give_back, pool, self._ready).atexit = False

    def ask(self, *commands: Command) -> list[Any]:
        """Send `commands` in one packet and return their replies.

        Raises the first `redis.ResponseError` among them, after all were read, or another `redis.RedisError`.
        Nothing is sent twice: a token that is set once more after another writer has replaced it would bring back
        what was stored under it.
        """
        connection = self._take()
        try:
            connection.send_packed_command([_pack(commands)])
            replies = [_read(connection) for _ in commands]
        except BaseException:
            # Whatever is still to come must not be taken for the reply to a later command.
            connection.disconnect()
            self._pool.release(connection)
            raise
        self._ready.append((connection, time.monotonic()))
        for reply in replies:
            if isinstance(reply, redis.ResponseError):
                raise reply
        return replies

    def _take(self) -> Any:
        """Return a connection on which nothing is to be read: one that is ready (list.pop is atomic), or a pool's.

        As the pool does, it finds here the connections that Redis has closed while they were at rest. Those of the
        process that we were forked from are left to it.
        """
        while self._ready:
            try:
                connection, used_at = self._ready.pop()
            except IndexError:  # another thread was quicker
                break
            if connection.pid == os.getpid():
                if time.monotonic() - used_at < REST_SECONDS:
                    return connection
                try:
                    if not connection.can_read():
                        return connection
                except (redis.RedisError, OSError):
                    pass
                connection.disconnect()
                self._pool.release(connection)
        connection = self._pool.get_connection()
        _let_the_kernel_time(connection)
        return connection


def _pack(commands: tuple[Command, ...]) -> bytes:
    if commands[0][0] == "MGET":
        return _pack_again(commands)
    return b"".join(map(pack_command, commands))


@lru_cache(maxsize=4096)
def _pack_again(commands: tuple[Command, ...]) -> bytes:
    """Return the bytes of commands that come again and again: the same stamps are asked for."""
    return b"".join(map(pack_command, commands))


def _read(connection: Any) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error


def _let_the_kernel_time(connection: Any) -> None:
    """Have the kernel keep the connection's timeout (socket(7): SO_RCVTIMEO) in place of Python.

    Python asks by a call of its own, before each one that sends or receives, if there is something to do yet, and
    other threads come in between. A reply that is late then is a `BlockingIOError`, and so a `redis.ConnectionError`.
    """
    sock, seconds = connection._sock, connection.socket_timeout
    if seconds and not isinstance(sock, ssl.SSLSocket):
        timeval = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        sock.settimeout(None)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, timeval)


def _give_back(pool: Any, connections: list[tuple[Any, float]]) -> None:
    while connections:
        pool.release(connections.pop()[0])


class InstanceCheckingPool(redis.ConnectionPool):
    """Connections that notice, before their first use, that they lead to another Redis than the last time."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs, redis_connect_func=_connect)


def _connect(connection: Any) -> None:
    """Change the generation if this Redis was restarted (with an old snapshot, perhaps) or replaced.

    The generation goes first: a second connection that comes in between finds the old instance and changes it
    once more. `run_id` is new with each start of a server (https://redis.io/docs/latest/commands/info/).
    """
    connection.on_connect()
    connection.send_command("INFO", "server")
    found = re.search(rb"run_id:(\w+)", connection.read_response())
    instance = found[1] if found else new_token()
    connection.send_command("GET", _INSTANCE)
    if connection.read_response() != instance:
        for key, value in ((GENERATION, new_token()), (_INSTANCE, instance)):
            connection.send_command("SET", key, value)
            connection.read_response()
