"""A connection to the database that should be encrypted is so, or there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from django.db import OperationalError, connection

if connection.vendor != "mysql":
    pytest.skip("SQLite has no connections.", allow_module_level=True)
if which("openssl") is None:
    pytest.skip("The certificates are made by openssl.", allow_module_level=True)

from tests.certificates import make_certificates
from tests.servers import MariaDBServer
from walletsvc.database_url import parse_database_url

pytestmark = pytest.mark.django_db


class EncryptedServer(MariaDBServer):
    """A server with a certificate for 127.0.0.1."""

    certificates: Path

    def _arguments(self) -> list[str]:
        names = {"ssl-ca": "ca.pem", "ssl-cert": "server.pem", "ssl-key": "server.key"}
        return [*super()._arguments(), *(f"--{option}={self.certificates / name}" for option, name in names.items())]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture(scope="module")
def server(certificates: Path) -> Iterator[MariaDBServer]:
    server = EncryptedServer()
    server.certificates = certificates
    with server:
        yield server


def cipher(url: str) -> str:
    """Connect as the server does, and return what encrypts the connection; empty for plain text."""
    database = connection.copy()
    settings = parse_database_url(url, folder=Path())
    own = {name: value for name, value in database.settings_dict["OPTIONS"].items() if name != "hosts"}
    database.settings_dict = {**database.settings_dict, **settings, "OPTIONS": {**own, **settings["OPTIONS"]}}
    try:
        with database.cursor() as cursor:
            cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
            return str(cursor.fetchone()[1])
    finally:
        database.close()


def test_connections_are_encrypted(server: MariaDBServer, certificates: Path) -> None:
    assert cipher(f"{server.url}?ssl_mode=REQUIRED")
    assert cipher(f"{server.url}?ssl_ca={certificates}/ca.pem")
    own = f"ssl_cert={certificates}/client.pem&ssl_key={certificates}/client.key"
    assert cipher(f"{server.url}?ssl_ca={certificates}/ca.pem&{own}")
    hosts = f"127.0.0.1:{server.port},127.0.0.1:1"
    assert cipher(server.url.replace(f"127.0.0.1:{server.port}", hosts) + f"?ssl_ca={certificates}/ca.pem")
    assert cipher(f"{server.url}?ssl_mode=DISABLED") == ""


def test_a_server_that_cannot_prove_who_it_is_gets_no_connection(server: MariaDBServer, certificates: Path) -> None:
    with pytest.raises(OperationalError):
        cipher(f"{server.url}?ssl_ca={certificates}/stranger.pem")


def test_without_encryption_there_is_no_connection(certificates: Path) -> None:
    with MariaDBServer() as plain:
        assert cipher(plain.url) == ""
        for query in ("ssl_mode=REQUIRED", f"ssl_ca={certificates}/ca.pem"):
            with pytest.raises(OperationalError):
                cipher(f"{plain.url}?{query}")
