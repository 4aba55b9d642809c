"""Whole documents by URL, in Redis: each with the number of writes before it was made; a round trip reads both."""

import os
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

_WRITES = "fastapi:writes"
_SECONDS = int(os.environ.get("CACHE_SECONDS", "0"))
_redis = Redis.from_url(os.environ.get("REDIS_URL") or "redis://")


async def remember(url: str, make: Callable[[], Awaitable[bytes]]) -> bytes:
    """Return the document that is kept for the URL, or make and keep it. Without CACHE_SECONDS, make it."""
    if not _SECONDS:
        return await make()
    key = f"fastapi:document:{url}"
    found: list[bytes | None] = await _redis.mget(_WRITES, key)  # type: ignore[assignment]  # it decodes nothing
    writes, kept = found
    mark = (writes or b"0") + b"\n"
    if kept is not None and kept.startswith(mark):
        return kept[len(mark) :]
    made = await make()
    await _redis.set(key, mark + made, ex=_SECONDS)
    return made


async def forget() -> None:
    """Let no document that was made before a write be found again."""
    if _SECONDS:
        await _redis.incr(_WRITES)
