"""Follow which wallets change, in a process that does not change them itself.

A hint is never the truth: it may come late, twice or without a change, and `LOOK`, which comes at intervals, makes up
for a lost one. The follower reads the truth from the database.

With Redis, writers announce each change after COMMIT (`Invalidation.settle`), unless the cache is suspended.
Without it, writers are in another process (served by WSGI), which no channel in memory reaches, but both use the same
database. SQLite says, for the price of a look into shared memory, whether its file has changed; others are queried at
intervals.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from walletsvc.cache import responses
from walletsvc.redis_url import make_async_client

logger = logging.getLogger(__name__)

Hint = frozenset[int] | None
LOOK: Hint = None
"""Any wallet may have changed."""

LOOK_SECONDS = 5.0
"""How long a change goes unnoticed if its hint is lost."""
RETRY_SECONDS = 0.5
SQLITE_POLL_SECONDS = 0.05
POLL_SECONDS = 0.2


def follow() -> AsyncGenerator[Hint, None]:
    """Iterate over the hints from now on, without end: ids of wallets, or `LOOK`."""
    if settings.REDIS_URL:
        return _follow_redis(settings.CACHES["default"])
    if connection.vendor == "sqlite":
        return _follow_sqlite(str(connection.settings_dict["NAME"]))
    return _follow_clock()


async def _follow_redis(cache: Mapping[str, Any]) -> AsyncGenerator[Hint, None]:
    """Listen to announcements; look once for each connection, at intervals, and while Redis does not answer."""
    client = make_async_client(cache, socket_connect_timeout=1, health_check_interval=LOOK_SECONDS)
    try:
        while True:
            channel = responses.change_channel() if responses.is_in_use() else None
            if channel is None:
                yield LOOK
                await asyncio.sleep(POLL_SECONDS)
                continue
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(channel)
                    look_at = 0.0
                    while responses.is_in_use() and responses.change_channel() == channel:
                        # A look finds the changes that were announced before the subscription, or not at all.
                        if time.monotonic() >= look_at:
                            yield LOOK
                            look_at = time.monotonic() + LOOK_SECONDS
                        message = await subscription.get_message(timeout=POLL_SECONDS)
                        if message is not None:
                            yield _parse(message["data"])
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis announces no changes, looking for them instead: %s", error)
                yield LOOK
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        await client.aclose()


def _parse(message: bytes) -> Hint:
    try:
        return frozenset(map(int, message.split(b",")))
    except ValueError:
        return LOOK


async def _follow_sqlite(path: str) -> AsyncGenerator[Hint, None]:
    """Look when `PRAGMA data_version` has changed, which it does when another connection commits.

    https://www.sqlite.org/pragma.html#pragma_data_version. It reads no page and waits for no writer, so the event
    loop may run it.
    """
    database = sqlite3.connect(path, isolation_level=None)
    try:
        seen, look_at = None, 0.0
        while True:
            try:
                version = database.execute("PRAGMA data_version").fetchone()
            except sqlite3.OperationalError as error:
                logger.warning("SQLite does not tell its version: %s", error)
                version = None
            if version is None or version != seen or time.monotonic() >= look_at:
                yield LOOK
                seen, look_at = version, time.monotonic() + LOOK_SECONDS
            await asyncio.sleep(SQLITE_POLL_SECONDS)
    finally:
        database.close()


async def _follow_clock() -> AsyncGenerator[Hint, None]:
    while True:
        yield LOOK
        await asyncio.sleep(POLL_SECONDS)
