"""Where stamps and cached responses are kept: Redis, or the memory of this process."""

from walletsvc.cache_stores.base import (
    CHANGES,
    GENERATION,
    MARK,
    MARK_SECONDS,
    PREFIX,
    STAMP_SECONDS,
    Store,
    Unreachable,
    new_token,
)
from walletsvc.cache_stores.connections import Connections, InstanceCheckingPool
from walletsvc.cache_stores.memory import LocalCopies, LocalCopy, MemoryStore
from walletsvc.cache_stores.redis_store import RedisStore

__all__ = [
    "CHANGES",
    "GENERATION",
    "MARK",
    "MARK_SECONDS",
    "PREFIX",
    "STAMP_SECONDS",
    "Connections",
    "InstanceCheckingPool",
    "LocalCopies",
    "LocalCopy",
    "MemoryStore",
    "RedisStore",
    "Store",
    "Unreachable",
    "new_token",
]
