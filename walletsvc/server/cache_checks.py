"""Whether the Redis of the settings can be the cache at all, told before the server starts."""

from __future__ import annotations

import redis
from django.conf import settings
from django_redis import get_redis_connection


def find_unusable_redis() -> str | None:
    """Return why this Redis can never be the cache, or None; also None while it does not answer."""
    if not settings.REDIS_URL:
        return None
    try:
        client = get_redis_connection("default")
        is_cluster = client.info("cluster").get("cluster_enabled") == 1
        client.execute_command("CLIENT", "TRACKING", "OFF")
    except redis.exceptions.NoPermissionError as error:
        # Without INFO nobody can tell a Redis from the one that has taken its place, with older data.
        return f"The user of REDIS_URL needs +info and +client|tracking, to know a Redis that was replaced: {error}."
    except (redis.RedisError, OSError):
        return None
    if is_cluster:
        return (
            "REDIS_URL leads to a Redis Cluster, which cannot keep the stamps of an answer together."
            " Use one Redis, with replicas and Sentinel."
        )
    return None
