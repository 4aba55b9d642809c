"""REDIS_URL: the address of Redis, or of the Sentinels that know where it is, for all clients of this project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_EXAMPLES = "redis://host:6379/0, rediss://host:6379/0 or unix:///path/to/redis.sock?db=0"
_SENTINEL_EXAMPLE = "redis+sentinel://user:password@host1:26379,host2:26379/service/0"
_SCHEMES = {"valkey": "redis", "valkeys": "rediss"}
_SENTINEL_SCHEMES = ("redis+sentinel", "rediss+sentinel")
SENTINEL_PORT = 26379
_SSL_OPTIONS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_SENTINEL_OPTIONS = {"sentinel_username": "username", "sentinel_password": "password"}


def parse_redis_url(url: str) -> str:
    """Return the address if the clients can use it, as they write it.

    Raises `ValueError` with the rest of a sentence that begins with "REDIS_URL". It never shows the password.
    """
    scheme, separator, rest = url.partition("://")
    if "cluster" in scheme:
        raise ValueError("names a Redis Cluster, which cannot keep the stamps of an answer together: use Sentinel.")
    if scheme in _SENTINEL_SCHEMES:
        cache_of(url)
        return url
    # Only here, as a server without Redis does not need the client.
    from redis.connection import parse_url

    url = f"{_SCHEMES.get(scheme, scheme)}{separator}{rest}"
    try:
        parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError as error:
        raise ValueError(f"is not the address of a Redis database, such as {_EXAMPLES}.") from error
    return url


def cache_of(url: str, **connection: Any) -> dict[str, Any]:
    """Return Django's settings of the cache at this address (django-redis); `connection` are options of connections.

    Raises what `parse_redis_url` raises.
    """
    cache = {"BACKEND": "django_redis.cache.RedisCache", "LOCATION": url}
    scheme = url.partition("://")[0]
    if scheme not in _SENTINEL_SCHEMES:
        return {**cache, "OPTIONS": {"CONNECTION_POOL_KWARGS": connection}}
    try:
        parts = urlsplit(url)
        user, _, hosts = parts.netloc.rpartition("@")
        sentinels = [urlsplit(f"//{each}") for each in hosts.split(",")]
        addresses = [(each.hostname or "", each.port or SENTINEL_PORT) for each in sentinels]
        service, _, database = parts.path[1:].partition("/")
        number = int(database or "0")
    except ValueError:
        raise ValueError(f"has a part that cannot be read, other than {_SENTINEL_EXAMPLE}.") from None
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    known = (*_SSL_OPTIONS, *_SENTINEL_OPTIONS)
    if unknown := sorted(given.keys() - set(known)):
        raise ValueError(f"has the unknown option {', '.join(unknown)[:60]}. There are {', '.join(known)}.")
    if not service or not all(host for host, _ in addresses):
        raise ValueError(f"names no service or no host: it has to be like {_SENTINEL_EXAMPLE}.")
    name, _, password = user.partition(":")
    tls = {option: given[option] for option in _SSL_OPTIONS if option in given}
    shared = {**connection, **(tls | {"ssl": True} if scheme.startswith("rediss") else {})}
    of_redis = {"username": unquote(name) or None, "password": unquote(password) or None, "db": number}
    of_sentinels = {_SENTINEL_OPTIONS[each]: given[each] for each in _SENTINEL_OPTIONS if each in given}
    return {
        **cache,
        "LOCATION": f"redis://{service}/{number}",
        "OPTIONS": {
            "CONNECTION_FACTORY": "django_redis.pool.SentinelConnectionFactory",
            "SENTINELS": addresses,
            "SENTINEL_KWARGS": {**shared, **of_sentinels},
            "CONNECTION_POOL_KWARGS": {**shared, **of_redis},
        },
    }


def make_pool(cache: Mapping[str, Any], **options: Any) -> Any:
    """Return a `redis.ConnectionPool` for the Redis of these settings; `options` are further ones of connections."""
    import redis
    from redis.sentinel import Sentinel, SentinelConnectionPool

    given = {**cache["OPTIONS"]["CONNECTION_POOL_KWARGS"], **options}
    if "SENTINELS" not in cache["OPTIONS"]:
        return redis.ConnectionPool.from_url(cache["LOCATION"], **given)
    kind: Any = SentinelConnectionPool
    return kind(_service_of(cache), _sentinels(cache, Sentinel), **given)


def make_async_client(cache: Mapping[str, Any], **options: Any) -> Any:
    """Return a `redis.asyncio.Redis` for the Redis of these settings, with these options and no others.

    Those of the cache are too impatient for a client that waits for messages.
    """
    from redis.asyncio import Redis
    from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

    if "SENTINELS" not in cache["OPTIONS"]:
        return Redis.from_url(cache["LOCATION"], **options)
    kept = {"username", "password", "db", "ssl", *_SSL_OPTIONS}
    given = {name: value for name, value in cache["OPTIONS"]["CONNECTION_POOL_KWARGS"].items() if name in kept}
    kind: Any = SentinelConnectionPool
    return Redis.from_pool(kind(_service_of(cache), _sentinels(cache, Sentinel), **given, **options))


def _sentinels(cache: Mapping[str, Any], kind: Any) -> Any:
    return kind(cache["OPTIONS"]["SENTINELS"], sentinel_kwargs=cache["OPTIONS"]["SENTINEL_KWARGS"])


def _service_of(cache: Mapping[str, Any]) -> str:
    return str(urlsplit(cache["LOCATION"]).netloc)
