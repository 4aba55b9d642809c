"""Redis behind TLS with certificates of a private authority, by the clients of cache and live server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
import redis

from tests.cache.conftest import HAS_REDIS
from tests.cache.stores import Cache
from tests.certificates import make_certificates
from tests.leases import SharedRow
from tests.servers import RedisServer, free_port
from walletsvc.cache.redis import RedisStore
from walletsvc.cache.responses import EVERYTHING, keep, look_up
from walletsvc.redis_url import cache_of, make_async_client, make_pool, parse_redis_url

if not HAS_REDIS or which("openssl") is None:
    pytest.skip("It takes Redis, and openssl for the certificates.", allow_module_level=True)
pytestmark = pytest.mark.without_engine


class EncryptedRedis(RedisServer):
    """A Redis that also listens with TLS, and asks clients for a certificate."""

    def __init__(self, certificates: Path) -> None:
        super().__init__()
        self.certificates = certificates
        self.tls_port = free_port()

    def url_with(self, **files: str) -> str:
        """Return the address with TLS, and these files of certificates."""
        query = "&".join(f"{option}={self.certificates / name}" for option, name in files.items())
        return f"rediss://{self.host}:{self.tls_port}/0?{query}"

    def _arguments(self) -> list[str]:
        files = {"ca-cert": "ca.pem", "cert": "server.pem", "key": "server.key"}
        own = [word for name, file in files.items() for word in (f"--tls-{name}-file", str(self.certificates / file))]
        return [*super()._arguments(), "--tls-port", str(self.tls_port), "--tls-auth-clients", "yes", *own]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncryptedRedis]:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    with EncryptedRedis(folder) as server:
        yield server


OWN = {"ssl_certfile": "client.pem", "ssl_keyfile": "client.key"}


def store_at(url: str) -> RedisStore:
    cache = cache_of(parse_redis_url(url), protocol=3, socket_timeout=2, socket_connect_timeout=2)
    return RedisStore(redis.Redis(connection_pool=make_pool(cache)), pause_seconds=0)


def test_responses_are_kept_over_an_encrypted_connection(
    server: EncryptedRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(server.url_with(ssl_ca_certs="ca.pem", **OWN))
    Cache(store, SharedRow()).use(monkeypatch)
    keep(look_up("key", stamps=[EVERYTHING]), b"answer")
    store.copies.clear()
    assert look_up("key", stamps=[EVERYTHING]).response == b"answer"


@pytest.mark.parametrize(
    "files",
    [{"ssl_ca_certs": "stranger.pem", **OWN}, OWN, {"ssl_ca_certs": "ca.pem"}],
    ids=["of a stranger's authority", "of no known authority", "without a certificate of its own"],
)
def test_without_the_right_certificates_there_is_no_cache(server: EncryptedRedis, files: dict[str, str]) -> None:
    assert store_at(server.url_with(**files)).probe() is None
    assert store_at(server.url_with(ssl_ca_certs="ca.pem", **OWN)).probe()


def test_the_live_server_listens_over_an_encrypted_connection(server: EncryptedRedis) -> None:
    async def ping(url: str) -> bool:
        client = make_async_client(cache_of(parse_redis_url(url)))
        try:
            return bool(await client.ping())
        finally:
            await client.aclose()

    assert asyncio.run(ping(server.url_with(ssl_ca_certs="ca.pem", **OWN)))
    with pytest.raises(redis.ConnectionError):
        asyncio.run(ping(server.url_with(ssl_ca_certs="stranger.pem", **OWN)))
