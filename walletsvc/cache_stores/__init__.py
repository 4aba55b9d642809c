"""Where stamps and cached responses are kept: Redis, or the memory of this process."""

from walletsvc.cache_stores.base import (
    MARK,
    MARK_SECONDS,
    PREFIX,
    STAMP_SECONDS,
    Store,
    Unreachable,
    new_token,
)
from walletsvc.cache_stores.connections import Connections, Elsewhere
from walletsvc.cache_stores.memory import LocalCopies, LocalCopy, MemoryStore
from walletsvc.cache_stores.redis_store import RedisStore

__all__ = [
    "MARK",
    "MARK_SECONDS",
    "PREFIX",
    "STAMP_SECONDS",
    "Connections",
    "Elsewhere",
    "LocalCopies",
    "LocalCopy",
    "MemoryStore",
    "RedisStore",
    "Store",
    "Unreachable",
    "new_token",
]
