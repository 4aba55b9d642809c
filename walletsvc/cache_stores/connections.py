"""Connections to Redis: kept ready, asked in one packet, and checked for which Redis they lead to."""

from __future__ import annotations

import os
import re
import weakref
from functools import lru_cache
from typing import Any

import redis
from hiredis import pack_command

from walletsvc.cache_stores.base import GENERATION, PREFIX, new_token
from walletsvc.cache_stores.lines import Line

_INSTANCE = PREFIX + "instance"

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
        self._ready: list[Line] = []
        weakref.finalize(self, _give_back, pool, self._ready).atexit = False

    def ask(self, *commands: Command) -> list[Any]:
        """Send `commands` in one packet and return their replies.

        Raises the first `redis.ResponseError` among them, after all were read, or another `redis.RedisError`.
        Nothing is sent twice: a token that is set once more after another writer has replaced it would bring back
        what was stored under it.
        """
        return self._send(b"".join(map(pack_command, commands)), len(commands))

    def get_many(self, keys: tuple[str, ...]) -> list[bytes | None]:
        """Return the values of keys that are asked for again and again. Raises what `ask` raises."""
        values: list[bytes | None] = self._send(_pack_mget(keys), 1)[0]
        return values

    def _send(self, packet: bytes, count: int) -> list[Any]:
        line = self._take()
        try:
            replies = line.ask(packet, count)
        except BaseException:
            # Whatever is still to come must not be taken for the reply to a later command.
            self._drop(line)
            raise
        self._ready.append(line)
        for reply in replies:
            if isinstance(reply, redis.ResponseError):
                raise reply
        return replies

    def _take(self) -> Line:
        """Return a connection on which nothing is to be read: one at rest (list.pop is atomic), or a pool's."""
        while self._ready:
            try:
                line = self._ready.pop()
            except IndexError:  # another thread was quicker
                break
            if line.is_ready():
                return line
            self._drop(line)
        return Line(self._pool.get_connection())

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
