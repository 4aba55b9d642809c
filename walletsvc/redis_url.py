"""REDIS_URL: the address of Redis."""

from __future__ import annotations


def parse_redis_url(url: str) -> str:
    """Return the address unchanged if the client can use it.

    Raises `ValueError` with the rest of a sentence that begins with "REDIS_URL". It never shows the password.
    """
    # Only here, as a server without Redis does not need the client.
    from redis.connection import parse_url

    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError as error:
        example = "redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/redis.sock?db=0"
        raise ValueError(f"is not the address of a Redis database, such as {example}.") from error
    return url
