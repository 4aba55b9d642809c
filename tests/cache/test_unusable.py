"""A Redis that can never be the cache is refused before the server starts, with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from django.core.cache import caches
from redis import Redis

from tests.cache.conftest import HAS_REDIS
from tests.servers import RedisServer, free_port
from walletsvc.redis_url import cache_of
from walletsvc.server.cache_checks import find_unusable_redis

pytestmark = [pytest.mark.any_engine, pytest.mark.skipif(not HAS_REDIS, reason="It needs Redis.")]


class Clustered(RedisServer):
    def _arguments(self) -> list[str]:
        # Otherwise it takes a port that is 10,000 higher, which there may not be.
        return [*super()._arguments(), "--cluster-enabled", "yes", "--cluster-port", str(free_port())]


def forget() -> None:
    """Let the next one who asks for the cache get one of the present settings."""
    with suppress(AttributeError):
        del caches["default"]


@pytest.fixture
def use(settings: Any) -> Iterator[Any]:
    def use(url: str) -> None:
        settings.REDIS_URL = url
        settings.CACHES = {"default": cache_of(url, protocol=3)}
        forget()

    yield use
    forget()


def test_a_cluster_is_refused(use: Any) -> None:
    with Clustered() as server:
        use(server.url)
        assert "a Redis Cluster" in str(find_unusable_redis())


def test_a_user_needs_to_know_which_redis_it_is(use: Any) -> None:
    with RedisServer() as server:
        with Redis.from_url(server.url) as client:
            all_but_info = ["on", ">secret", "~walletsvc:*", "&*", "+@all"]
            client.execute_command("ACL", "SETUSER", "able", *all_but_info)
            client.execute_command("ACL", "SETUSER", "blind", *all_but_info, "-info")
        for name, problem in (("able", None), ("blind", "needs +info")):
            use(server.url.replace("://", f"://{name}:secret@"))
            found = find_unusable_redis()
            assert found is None if problem is None else problem in str(found)
        use(server.url)
        assert find_unusable_redis() is None
    # One that does not answer may be usable later.
    assert find_unusable_redis() is None
