"""Follow which wallets change, in a process that does not change them itself.

What is told is a hint, never the truth: it may come late, twice or for nothing, and one that is lost is made up for
by `LOOK`, which comes at intervals. Whoever follows reads the truth from the database.

With Redis, writers announce each change after COMMIT (`Invalidation.settle`), unless the cache is suspended.
Without it, the writers are in another process too (served by WSGI), so no channel in memory would reach us; but both
have the same database. SQLite tells, at the price of a look into shared memory, that its file has changed; others are
asked now and then.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncGenerator

import redis
import redis.asyncio
from django.conf import settings
from django.db import connection

from walletsvc.cache import responses

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
    """Return the hints from now on, without end: ids of wallets, or `LOOK`."""
    if settings.REDIS_URL:
        return _follow_redis(settings.REDIS_URL)
    if connection.vendor == "sqlite":
        return _follow_sqlite(str(connection.settings_dict["NAME"]))
    return _follow_clock()


async def _follow_redis(url: str) -> AsyncGenerator[Hint, None]:
    """Listen to the announcements; look once for each connection, and again and again while there are none."""
    client = redis.asyncio.Redis.from_url(url, socket_connect_timeout=1, health_check_interval=LOOK_SECONDS)
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
                        # What was announced before we listened, or not at all, is found by looking.
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
    """Look when `PRAGMA data_version` differs, which it does once another connection has committed.

    https://www.sqlite.org/pragma.html#pragma_data_version. It reads no page and waits for no writer, so the event
    loop may wait for it.
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
