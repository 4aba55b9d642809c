"""Stamps and responses in Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha1
from typing import Any

import redis

from walletsvc.cache_stores.base import CHANGES, GENERATION, MARK_SECONDS, STAMP_SECONDS, Unreachable, new_token
from walletsvc.cache_stores.connections import Command, Connections
from walletsvc.cache_stores.memory import LocalCopies

logger = logging.getLogger(__name__)

_SETTLE = """
for index, key in ipairs(KEYS) do
  local current = redis.call('GET', key)
  if not current or current == ARGV[1] or string.sub(current, 1, 1) ~= '!' then
    redis.call('SET', key, ARGV[index + 2], 'EX', ARGV[2])
  end
end
if ARGV[#KEYS + 4] ~= '' then
  redis.pcall('PUBLISH', ARGV[#KEYS + 3], ARGV[#KEYS + 4])
end
"""
"""In the same round trip, as every write waits for it. `pcall`: a user who may not publish keeps a working cache."""
_SETTLE_ID = sha1(_SETTLE.encode(), usedforsecurity=False).hexdigest()
"""How EVALSHA names it (https://redis.io/docs/latest/commands/evalsha/)."""


class RedisStore:
    """For any number of processes.

    Bumps that were lost while Redis was away must not let old responses come back with it. So whoever saw it
    fail changes the generation before trusting it again, and whoever connects to an instance that was not there
    before does the same (`InstanceCheckingPool`).
    """

    def __init__(self, client: redis.Redis, *, pause_seconds: float = 1.0, copies: LocalCopies | None = None) -> None:
        """Keep everything in the Redis behind `client`.

        After a failure, leave it alone for `pause_seconds`, or until something urgent gets through to it.
        """
        self.copies = copies or LocalCopies()
        self._client = client
        self._connections = Connections(client.connection_pool)
        self._pause_seconds = pause_seconds
        self._paused_until = 0.0
        self._failures = 0
        self._failures_answered = 0

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        # What each hit waits for, so past `_ask`.
        try:
            if self._failures != self._failures_answered:
                self._answer_failures(urgent=False)
            return self._connections.get_many(tuple(keys))
        except redis.RedisError as error:
            raise self._fail(error) from error

    def fetch(self, keys: Sequence[str]) -> tuple[list[bytes | None], float]:
        # The lifetime first: what another process may put in between lives longer than that.
        milliseconds, values = self._ask(("PTTL", keys[0]), ("MGET", *keys))
        return values, max(milliseconds / 1000, 0)

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self._ask(("SET", key, value, "EX", seconds))

    def create_missing(self, tokens: Mapping[str, bytes]) -> None:
        self._ask(*(("SET", key, token, "EX", STAMP_SECONDS, "NX") for key, token in tokens.items()))

    def mark(self, keys: Iterable[str], mark: bytes) -> None:
        self._ask(*(("SET", key, mark, "EX", MARK_SECONDS) for key in keys))

    def settle(self, tokens: Mapping[str, bytes], *, mark: bytes, announcement: bytes = b"") -> None:
        what: Command = (len(tokens), *tokens, mark, STAMP_SECONDS, *tokens.values(), CHANGES, announcement)
        self._ask(("EVALSHA", _SETTLE_ID, *what), unless_known=("EVAL", _SETTLE, *what), urgent=True)

    def _ask(self, *commands: Command, unless_known: Command | None = None, urgent: bool = False) -> list[Any]:
        """Run commands, unless Redis is to be left alone and they are not `urgent`.

        To settle is: a single late answer must not keep it from the other processes that something has changed.
        `unless_known` runs if Redis does not know the script that they name (nothing of it has run then).
        """
        try:
            if self._failures != self._failures_answered:
                self._answer_failures(urgent=urgent)
            try:
                return self._connections.ask(*commands)
            except redis.exceptions.NoScriptError:
                if unless_known is None:
                    raise
                return self._connections.ask(unless_known)
        except redis.RedisError as error:
            raise self._fail(error) from error

    def _answer_failures(self, *, urgent: bool) -> None:
        """Change the generation after failures, so that Redis can be trusted again; but leave it alone at first."""
        if time.monotonic() < self._paused_until and not urgent:
            # Whoever is turned away here may be a writer whose mark is lost.
            self._failures += 1
            raise Unreachable
        failures = self._failures
        self._connections.ask(("SET", GENERATION, new_token()))
        self._failures_answered = failures

    def _fail(self, error: redis.RedisError) -> Unreachable:
        self._failures += 1
        self._paused_until = time.monotonic() + self._pause_seconds
        logger.warning("Redis does not answer, going on without it: %s", error)
        return Unreachable()
