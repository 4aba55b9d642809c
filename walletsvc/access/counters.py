"""Count the blocks that all processes take: in Redis, as long as it answers.

The counting is `limits`' moving window, in blocks: it keeps one time for each, 199 at most, whatever the limit. Its
sliding-window counter takes the previous window for evenly used: after a pause, a caller got 194 % of its limit in
one window (docs/adr/0018-limits.md).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, TypeVar

import redis
from limits import RateLimitItemPerSecond
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from walletsvc.access.rates import Rate
from walletsvc.redis_url import make_pool

logger = logging.getLogger(__name__)

T = TypeVar("T")

PREFIX = "walletsvc:limits"
MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 30.0


class State(NamedTuple):
    """What is left of a rate, in units, and the seconds until the oldest units count no more."""

    remaining: int
    seconds: float


class SharedCounter:
    """The blocks that the processes of all hosts have taken, in one Redis.

    Methods return None while Redis does not answer: one caller then waits for its timeout, and nobody for the next 1
    to 30 seconds.
    """

    def __init__(self, cache: Mapping[str, Any], *, clock: Callable[[], float] = time.monotonic) -> None:
        """Use the Redis of these settings, as Django has them for a cache."""
        # A second attempt would wait for a second timeout.
        pool = make_pool(cache, retry=Retry(NoBackoff(), 0))
        self._limiter = MovingWindowRateLimiter(RedisStorage("redis://", connection_pool=pool, key_prefix=PREFIX))
        self._clock = clock
        self._lock = threading.Lock()
        self._pause = 0.0
        self._paused_until = 0.0

    def take(self, kind: str, who: str, rate: Rate, blocks: int) -> bool | None:
        """Count `blocks` and return True, or return False if they do not fit."""
        return self._ask(partial(self._limiter.hit, _item(kind, rate), who, cost=blocks))

    def look(self, kind: str, who: str, rate: Rate) -> State | None:
        """Return what is left."""
        found = self._ask(partial(self._limiter.get_window_stats, _item(kind, rate), who))
        if found is None:
            return None
        return State(
            max(0, found.remaining) * rate.block, min(max(found.reset_time - time.time(), 0.0), rate.seconds)
        )

    def _ask(self, question: Callable[[], T]) -> T | None:
        if self._pause:
            with self._lock:
                if self._clock() < self._paused_until:
                    return None
                # The others wait for what this one finds out.
                self._paused_until = self._clock() + self._pause
        try:
            answer = question()
        except redis.RedisError as error:
            with self._lock:
                self._pause = min(max(2 * self._pause, MIN_PAUSE_SECONDS), MAX_PAUSE_SECONDS)
                self._paused_until = self._clock() + self._pause
            logger.warning("Redis does not count requests, each process limits its part: %s", error)
            return None
        self._pause = 0.0
        return answer


def _item(kind: str, rate: Rate) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(rate.blocks, rate.seconds, namespace=kind)
