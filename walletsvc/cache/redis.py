"""Stamps and responses in Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1
from typing import Any

import redis
from hiredis import pack_command

from walletsvc.cache.connections import Command, Connections
from walletsvc.cache.memory import LocalCopies
from walletsvc.cache.store import MARK, MARK_SECONDS, PREFIX, STAMP_SECONDS, Unreachable, new_token
from walletsvc.cache.wire import Line

logger = logging.getLogger(__name__)

_SETTLE = """
local mark, position = ARGV[1], ARGV[#KEYS + 5]
local function later(one, other)
  local domain, first = string.match(one, '^(%d+)%-%d+%-(%d+)$')
  local another, second = string.match(other, '^(%d+)%-%d+%-(%d+)$')
  if not domain or domain ~= another then
    return ''
  end
  return tonumber(first) >= tonumber(second) and one or other
end
for index, key in ipairs(KEYS) do
  local current = redis.call('GET', key)
  local name, separator, noted = string.match(current or '', '^([^@]*)(@?)(.*)$')
  local is_mark = string.sub(name, 1, 1) == '!'
  local known = ''
  if is_mark and separator == '' then
    known = position
  elseif current then
    known = later(noted, position)
  end
  if is_mark and name ~= mark then
    if separator == '' or known ~= noted then
      redis.call('SET', key, name .. '@' .. known, 'KEEPTTL')
    end
  else
    redis.call('SET', key, ARGV[index + 2] .. (known ~= '' and '@' .. known or ''), 'EX', ARGV[2])
  end
end
if ARGV[#KEYS + 4] ~= '' then
  redis.pcall('PUBLISH', ARGV[#KEYS + 3], ARGV[#KEYS + 4])
end
"""
"""As `cache.positions.settled`. In the same round trip, as every write waits. With `pcall`, a user who may not
publish keeps a working cache."""
_SETTLE_ID = sha1(_SETTLE.encode(), usedforsecurity=False).hexdigest()
"""The name of the script for EVALSHA (https://redis.io/docs/latest/commands/evalsha/)."""


class RedisStore:
    """The store for any number of processes.

    Whether to trust it is decided elsewhere (`cache.lease`). This class makes sure that a request for the agreed
    instance is answered by that instance, with the data it has had since.
    """

    is_shared = True
    own_instance = ""

    def __init__(self, client: redis.Redis, *, pause_seconds: float = 1.0, copies: LocalCopies | None = None) -> None:
        """Keep everything in the Redis behind `client`.

        After a failure, readers do not use it for `pause_seconds`.
        """
        self.copies = copies or LocalCopies()
        self.in_doubt = False
        self._client = client
        self._connections = Connections(client.connection_pool)
        self._pause_seconds = pause_seconds
        self._is_paused = False
        self._paused_until = 0.0

    def probe(self) -> str | None:
        # First, because a failure from here on is a reason to probe again.
        self.in_doubt = False
        try:
            return self._connections.try_new(_try_everything)
        except redis.RedisError as error:
            self.in_doubt = True
            logger.info("Redis is not usable yet: %s", error)
            return None

    def get_many(self, keys: Sequence[str], instance: str = "") -> list[bytes | None]:
        # Every hit waits for this, so it bypasses `_ask`.
        try:
            if self._is_paused:
                self._end_pause()
            return self._connections.get_many(tuple(keys), instance)
        except redis.RedisError as error:
            raise self._fail(error) from error

    def fetch(self, keys: Sequence[str], instance: str = "") -> tuple[list[bytes | None], float]:
        # The lifetime first: a value that another process stores in between lives longer.
        milliseconds, values = self._ask(("PTTL", keys[0]), ("MGET", *keys), instance=instance)
        return values, max(milliseconds / 1000, 0)

    def put(self, key: str, value: bytes, *, seconds: int, instance: str = "") -> None:
        self._ask(("SET", key, value, "EX", seconds), instance=instance)

    def create_missing(self, tokens: Mapping[str, bytes], *, instance: str = "") -> None:
        self._ask(
            *(("SET", key, token, "EX", STAMP_SECONDS, "NX") for key, token in tokens.items()), instance=instance
        )

    def mark(self, keys: Iterable[str], mark: bytes, *, instance: str = "") -> None:
        self._ask(*_mark(keys, mark), instance=instance, urgent=True)

    def settle(
        self,
        tokens: Mapping[str, bytes],
        *,
        mark: bytes,
        instance: str = "",
        channel: str = "",
        announcement: bytes = b"",
        position: bytes = b"",
    ) -> None:
        what = _settle(tokens, mark, channel, announcement, position)
        try:
            self._ask(("EVALSHA", _SETTLE_ID, *what), instance=instance, urgent=True)
        except redis.exceptions.NoScriptError:  # then nothing of it has run
            self._ask(("EVAL", _SETTLE, *what), instance=instance, urgent=True)

    def _ask(self, *commands: Command, instance: str, urgent: bool = False) -> list[Any]:
        """Run commands, unless Redis is paused and they are not `urgent`: a writer has to know the result.

        Raises `redis.exceptions.NoScriptError` for a script that Redis does not know.
        """
        try:
            if self._is_paused and not urgent:
                self._end_pause()
            return self._connections.ask(*commands, instance=instance)
        except redis.exceptions.NoScriptError:
            raise
        except redis.RedisError as error:
            raise self._fail(error) from error

    def _end_pause(self) -> None:
        if time.monotonic() < self._paused_until:
            raise Unreachable
        self._is_paused = False

    def _fail(self, error: redis.RedisError) -> Unreachable:
        self.in_doubt = True
        self._paused_until = time.monotonic() + self._pause_seconds
        self._is_paused = self._pause_seconds > 0
        logger.warning("Redis does not answer, continuing without it: %s", error)
        return Unreachable()


def _mark(keys: Iterable[str], mark: bytes) -> list[Command]:
    return [("SET", key, mark, "EX", MARK_SECONDS) for key in keys]


def _settle(tokens: Mapping[str, bytes], mark: bytes, channel: str, announcement: bytes, position: bytes) -> Command:
    """Return the command that runs the script."""
    return (len(tokens), *tokens, mark, STAMP_SECONDS, *tokens.values(), channel, announcement, position)


def _try_everything(line: Line) -> str | None:
    """Do what readers and writers do, with test keys. Return the instance, or None if it is a replica.

    Raises `redis.RedisError` if anything fails.
    """
    stamp, response = (f"{PREFIX}probe:{new_token().decode()}:{name}" for name in ("stamp", "response"))
    mark, token = MARK + new_token(), new_token()
    what = _settle({stamp: token}, mark, "", b"", b"")
    _run(line, *_mark([stamp], mark))
    try:
        _run(line, ("EVALSHA", _SETTLE_ID, *what))
    except redis.exceptions.NoScriptError:
        _run(line, ("EVAL", _SETTLE, *what))
    _run(line, ("SET", response, token, "EX", MARK_SECONDS))
    [values] = _run(line, ("MGET", stamp, response))
    _run(line, *(("SET", key, token, "EX", 1) for key in (stamp, response)))
    if values != [token, token]:
        raise redis.ResponseError("A value that was set is missing.")
    return None if line.is_doubtful else line.instance or None


def _run(line: Line, *commands: Command) -> list[Any]:
    replies = line.ask(b"".join(map(pack_command, commands)), len(commands))
    for reply in replies:
        if isinstance(reply, redis.ResponseError):
            raise reply
    return replies
