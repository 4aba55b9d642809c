"""Access to the stores that only tests need."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tests.leases import SharedRow
from tests.servers import RedisServer
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.lease import Keeper
from walletsvc.cache.memory import LocalCopies, MemoryStore
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.store import Store, Unreachable


def connect(server: RedisServer, *, address: str = "url") -> redis.Redis:
    """Return a new client, as another process would have, with the options of the settings."""
    options: dict[str, Any] = {"protocol": 3, "socket_timeout": 0.25, "socket_connect_timeout": 0.25}
    return redis.Redis(connection_pool=redis.ConnectionPool.from_url(getattr(server, address), **options))


class Cache:
    """One process's part of the cache. All with the same row use the cache together."""

    def __init__(self, store: Store, row: SharedRow, keeper: Keeper | None = None) -> None:
        self.store = store
        self.row = row
        self.keeper = keeper or Keeper(row=row, instances=lambda: store, sleep=lambda _seconds: None)

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the test continue in this process."""
        monkeypatch.setattr(responses, "store", lambda: self.store)
        monkeypatch.setattr(responses, "keeper", lambda: self.keeper)


def write(*wallet_ids: int) -> None:
    """Do what a write does to the cache, without waiting."""
    writer = Invalidation()
    is_marked = writer.mark(wallet_ids)
    if not (is_marked and writer.settle()):
        keeper: Any = responses.keeper()
        keeper._row.suspend()
        keeper.step()


def stamp(name: str) -> str:
    """Return the current key of a stamp."""
    return f"{responses.keeper().state.prefix}stamp:{name}"


def forget(store: Store, *, prefix: str) -> None:
    """Remove the keys that begin with `prefix`, as if they had expired."""
    if isinstance(store, MemoryStore):
        for key in [key for key in store._entries if key.startswith(prefix)]:
            store._remove(key)
    elif isinstance(store, RedisStore):
        for key in store._client.scan_iter(f"{prefix}*"):
            store._client.delete(key)


def forget_stamps(store: Store, name: str = "") -> None:
    """Remove all stamps, or one, as if they had expired."""
    forget(store, prefix=stamp(name))


class Gone:
    """A store that does not answer."""

    copies = None
    in_doubt = True
    is_shared = True
    own_instance = ""

    def probe(self) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        def fail(*_arguments: object, **_named: object) -> None:
            raise Unreachable

        return fail


class Process:
    """The store of one process out of several: its own copies, and shared data in place of Redis."""

    def __init__(self, shared: MemoryStore) -> None:
        self.copies = LocalCopies()
        self._shared = shared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shared, name)

    def fetch(self, keys: list[str], instance: str = "") -> tuple[list[bytes | None], float]:
        return self._shared.get_many(keys, instance), 60
