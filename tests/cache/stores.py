"""Ways into the stores that the cache itself has no use for."""

from __future__ import annotations

from typing import Any

import redis

from tests.servers import RedisServer
from walletsvc.cache_stores import InstanceCheckingPool, LocalCopies, MemoryStore, RedisStore, Store, Unreachable


def connect(server: RedisServer, *, address: str = "url") -> redis.Redis:
    """Return a client of its own, as another process would have, with the pool that the settings name."""
    pool = InstanceCheckingPool.from_url(getattr(server, address), socket_timeout=0.25, socket_connect_timeout=0.25)
    return redis.Redis(connection_pool=pool)


def forget(store: Store, *, prefix: str) -> None:
    """Remove the keys that begin with `prefix`, as if they had expired."""
    if isinstance(store, MemoryStore):
        for key in [key for key in store._entries if key.startswith(prefix)]:
            store._remove(key)
    elif isinstance(store, RedisStore):
        for key in store._client.scan_iter(f"{prefix}*"):
            store._client.delete(key)


class Gone:
    """A store that does not answer."""

    copies = None

    def __getattr__(self, name: str) -> Any:
        def fail(*_arguments: object, **_named: object) -> None:
            raise Unreachable

        return fail


class Process:
    """The store of one process out of several: copies of its own, and in place of Redis what they share."""

    def __init__(self, shared: MemoryStore) -> None:
        self.copies = LocalCopies()
        self._shared = shared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def fetch(self, keys: list[str]) -> tuple[list[bytes | None], float]:
        return self._shared.get_many(keys), 60
