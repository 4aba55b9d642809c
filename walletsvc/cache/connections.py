"""Connections to Redis: kept open, used for one packet at a time, and checked for which Redis they lead to."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

import redis
from hiredis import pack_command

from walletsvc.cache.wire import Line

T = TypeVar("T")

Command = tuple[Any, ...]
"""The words of a command: texts, bytes and integers."""

_OF_NO_USE = (
    *("BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN", "MISCONF", "NOAUTH"),
    *("NOREPLICAS", "OOM", "READONLY", "UNBLOCKED", "UNKILLABLE"),
)
"""Errors of a server that may have been replaced, or soon will be: a new connection finds the new one."""


class Elsewhere(redis.ConnectionError):
    """The connection leads to another instance than the requested one."""


class Connections:
    """Sends commands without the client, whose pool, hooks and metrics cost more than a small command itself.

    The pool creates, checks and counts the connections. Idle ones are held here, for any thread; they return to the
    pool when they break, or with the end of this object.
    """

    def __init__(self, pool: Any) -> None:
        """Use connections of `pool`, a `redis.ConnectionPool`, which speak RESP3."""
        self._pool = pool
        self._ready: list[Line] = []
        weakref.finalize(self, _give_back, pool, self._ready).atexit = False

    def ask(self, *commands: Command, instance: str = "") -> list[Any]:
        """Send `commands` in one packet to `instance`, or to any, and return their replies.

        Raises `Elsewhere`, the first `redis.ResponseError` among the replies, after all were read, or another
        `redis.RedisError`. Nothing is sent twice: to set a token again after another writer has replaced it would
        bring back what was stored under it.
        """
        return self._send(b"".join(map(pack_command, commands)), len(commands), instance)

    def get_many(self, keys: tuple[str, ...], instance: str) -> list[bytes | None]:
        """Return the values of keys that are requested again and again. Raises what `ask` raises."""
        values: list[bytes | None] = self._send(_pack_mget(keys), 1, instance)[0]
        return values

    def try_new(self, use: Callable[[Line], T]) -> T:
        """Call `use` with a new connection, which is closed afterwards. Raises what `ask` and `use` raise."""
        connection = self._pool.get_connection()
        try:
            # The pool may return an old connection.
            connection.disconnect()
            connection.connect()
            line = Line(connection)
            line.identify()
            return use(line)
        finally:
            connection.disconnect()
            self._pool.release(connection)

    def _send(self, packet: bytes, count: int, instance: str) -> list[Any]:
        line = self._take(instance)
        try:
            replies = line.ask(packet, count)
            if line.is_doubtful and instance and line.identify() != instance:
                raise Elsewhere("Its data have been replaced.")
        except BaseException:
            # A late reply must not be taken for the reply to a later command.
            self._drop(line)
            raise
        for reply in replies:
            if isinstance(reply, redis.ResponseError):
                if str(reply).startswith(_OF_NO_USE):
                    self._drop(line)
                else:
                    self._ready.append(line)
                raise reply
        self._ready.append(line)
        return replies

    def _take(self, instance: str) -> Line:
        """Return a connection to `instance`, or to any, with nothing left to read.

        Takes an idle one (list.pop is atomic), or one from the pool. Raises `Elsewhere`.
        """
        while self._ready:
            try:
                line = self._ready.pop()
            except IndexError:  # another thread was quicker
                break
            if (line.instance == instance or not instance) and line.is_ready():
                return line
            self._drop(line)
        line = Line(self._pool.get_connection())
        try:
            found = line.identify()
            if instance and found != instance:
                raise Elsewhere("Another Redis has taken its place, or it accepts no writes.")
        except BaseException:
            self._drop(line)
            raise
        return line

    def _drop(self, line: Line) -> None:
        if line.connection.pid == os.getpid():
            line.connection.disconnect()
            self._pool.release(line.connection)


@lru_cache(maxsize=4096)
def _pack_mget(keys: tuple[str, ...]) -> bytes:
    packed: bytes = pack_command(("MGET", *keys))  # type: ignore[arg-type]  # any number of words will do
    return packed


def _give_back(pool: Any, lines: list[Line]) -> None:
    while lines:
        pool.release(lines.pop().connection)
