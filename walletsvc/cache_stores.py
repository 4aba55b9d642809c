"""Where stamps and cached responses are kept: Redis, or the memory of this process."""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import redis

logger = logging.getLogger(__name__)

PREFIX = "walletsvc:"
GENERATION = PREFIX + "stamp:generation"
"""A stamp that every response is stored under: a new token makes all of them unreachable at once."""
_INSTANCE = PREFIX + "instance"
CHANGES = PREFIX + "changes"
"""The channel on which `settle` announces changes. Channels are of a whole server, not of one of its databases
(https://redis.io/docs/latest/develop/pubsub/#database--scoping): whoever listens takes a message for a hint only."""

STAMP_SECONDS = 86_400
MARK_SECONDS = 5
MARK = b"!"
"""A stamp that begins with it is no stamp: a writer is about to commit, so nothing may be stored."""


class Unreachable(Exception):
    """The store does not answer; the caller goes on without it."""


class Store(Protocol):
    """Keeps bytes by key for a while. Every method may raise `Unreachable`."""

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the values of `keys`, in their order, as of one moment."""

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        """Keep `value`."""

    def create_missing(self, tokens: Mapping[str, bytes]) -> None:
        """Keep each token unless its key has one already."""

    def mark(self, keys: Iterable[str], mark: bytes) -> None:
        """Put `mark` under each key, for `MARK_SECONDS`."""

    def settle(self, tokens: Mapping[str, bytes], *, mark: bytes, announcement: bytes = b"") -> None:
        """Put the token under each key, in one step, except where another writer's mark stands.

        `announcement` then goes to whoever listens to `CHANGES`, if the store has a way to other processes.

        A plain token is replaced as well as `mark`: the mark may have expired or been overwritten and settled
        by another writer, and a reader stored under that token what it had read before our commit.
        """


def new_token() -> bytes:
    """Return a stamp that was never there before."""
    return secrets.token_hex(8).encode()


class MemoryStore:
    """For one process: the embedded default. Evicts what was used least recently."""

    def __init__(
        self,
        *,
        max_entries: int = 4096,
        max_bytes: int = 64 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._clock = clock

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        with self._lock:
            return [self._get(key) for key in keys]

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        with self._lock:
            self._put(key, value, seconds)

    def create_missing(self, tokens: Mapping[str, bytes]) -> None:
        with self._lock:
            for key, token in tokens.items():
                if self._get(key) is None:
                    self._put(key, token, STAMP_SECONDS)

    def mark(self, keys: Iterable[str], mark: bytes) -> None:
        with self._lock:
            for key in keys:
                self._put(key, mark, MARK_SECONDS)

    def settle(self, tokens: Mapping[str, bytes], *, mark: bytes, announcement: bytes = b"") -> None:
        with self._lock:
            for key, token in tokens.items():
                current = self._get(key)
                if current is None or current == mark or not current.startswith(MARK):
                    self._put(key, token, STAMP_SECONDS)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self._bytes = 0

    def _get(self, key: str) -> bytes | None:
        value, expires = self._entries.get(key, (None, 0.0))
        if value is None:
            return None
        if expires <= self._clock():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return value

    def _put(self, key: str, value: bytes, seconds: int) -> None:
        self._remove(key)
        self._entries[key] = (value, self._clock() + seconds)
        self._bytes += len(value)
        while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))

    def _remove(self, key: str) -> None:
        value, _ = self._entries.pop(key, (b"", 0.0))
        self._bytes -= len(value)


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


class RedisStore:
    """For any number of processes.

    Bumps that were lost while Redis was away must not let old responses come back with it. So whoever saw it
    fail changes the generation before trusting it again, and whoever connects to an instance that was not there
    before does the same (`InstanceCheckingPool`).
    """

    def __init__(self, client: redis.Redis, *, pause_seconds: float = 1.0) -> None:
        """Keep everything in the Redis behind `client`; after a failure, leave it alone for `pause_seconds`."""
        self._client = client
        self._settle = self._client.register_script(_SETTLE)
        self._pause_seconds = pause_seconds
        self._paused_until = 0.0
        self._failures = 0
        self._failures_answered = 0

    def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        values: list[bytes | None] = self._ask(lambda: self._client.mget(keys))
        return values

    def put(self, key: str, value: bytes, *, seconds: int) -> None:
        self._ask(lambda: self._client.set(key, value, ex=seconds))

    def create_missing(self, tokens: Mapping[str, bytes]) -> None:
        def create() -> None:
            with self._client.pipeline(transaction=False) as pipeline:
                for key, token in tokens.items():
                    pipeline.set(key, token, ex=STAMP_SECONDS, nx=True)
                pipeline.execute()

        self._ask(create)

    def mark(self, keys: Iterable[str], mark: bytes) -> None:
        def set_marks() -> None:
            with self._client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.set(key, mark, ex=MARK_SECONDS)
                pipeline.execute()

        self._ask(set_marks)

    def settle(self, tokens: Mapping[str, bytes], *, mark: bytes, announcement: bytes = b"") -> None:
        arguments: list[bytes | int | str] = [mark, STAMP_SECONDS, *tokens.values(), CHANGES, announcement]
        self._ask(lambda: self._settle(keys=list(tokens), args=arguments), urgent=True)

    def _ask(self, command: Callable[[], Any], *, urgent: bool = False) -> Any:
        """Run a command, unless Redis is to be left alone and the command is not `urgent`.

        To settle is: a single late answer must not keep it from the other processes that something has changed.
        """
        if time.monotonic() < self._paused_until and not urgent:
            # Whoever is turned away here may be a writer whose mark is lost.
            self._failures += 1
            raise Unreachable
        try:
            failures = self._failures
            if failures != self._failures_answered:
                self._client.set(GENERATION, new_token())
                self._failures_answered = failures
            return command()
        except redis.RedisError as error:
            self._failures += 1
            self._paused_until = time.monotonic() + self._pause_seconds
            logger.warning("Redis does not answer, going on without it: %s", error)
            raise Unreachable from error


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
