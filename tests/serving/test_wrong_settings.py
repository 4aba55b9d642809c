"""Each setting that cannot be used gets one line, all of them at once."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import environ
import pytest

from tests.live import ROOT
from walletsvc import database_url
from walletsvc.environment import UnusableSettings

pytestmark = pytest.mark.without_engine

SECRET = "open-sesame"
ADDRESSES = "mysql://user:password@host:3306/name or sqlite:///file.sqlite3"
NOT_AN_ADDRESS = f"is not the address of a database, such as {ADDRESSES}."
UNREADABLE = f"has a port or host that cannot be read, other than {ADDRESSES}."
NOT_REDIS = "is not the address of a Redis database, such as redis://host:6379/0, rediss://host:6379/0 or"
MYSQL = f"mysql://user:{SECRET}@host/name"
WRONG = [
    ("DATABASE_URL", "nonsense", NOT_AN_ADDRESS),
    ("DATABASE_URL", f"user:{SECRET}@host/name", NOT_AN_ADDRESS),
    ("DATABASE_READ_URL", "sqlite:///file.sqlite3", "has to be the address of a MariaDB server"),
    ("DATABASE_READ_URL", f"mysql://user:{SECRET}@db1,,db3/name", "has an empty place in its list of hosts"),
    ("DATABASE_READ_URL", f"mysql://user:{SECRET}@db2/name", "is set, and DATABASE_URL names no MariaDB server"),
    ("DATABASE_URL", f"postgres://user:{SECRET}@host/name", "names a database of the kind 'postgres', which is not"),
    ("DATABASE_URL", f"mysql://user:{SECRET}@host", "names no database: it has to end like mysql://user:password@"),
    ("DATABASE_URL", f"mysql://user:{SECRET}@host:port/name", UNREADABLE),
    ("DATABASE_URL", f"mysql://user:{SECRET}@host:99999/name", UNREADABLE),
    (
        "DATABASE_URL",
        f"mysql://user:{SECRET}@db1,db2:x/name",
        "has the host 'db2:x', which cannot be read: name it as",
    ),
    ("DATABASE_URL", f"mysql://user:{SECRET}@db1,,db3/name", "has an empty place in its list of hosts."),
    (
        "DATABASE_URL",
        f"{MYSQL}?ssl=true",
        "has the unknown option ssl. There are ssl_ca, ssl_cert, ssl_key, ssl_mode,",
    ),
    ("DATABASE_URL", MYSQL + '?ssl={"ca":"/ca.pem"}', "has the unknown option ssl. There are ssl_ca,"),
    ("DATABASE_URL", f"{MYSQL}?charset=latin1", "has the unknown option charset. There are ssl_ca,"),
    (
        "DATABASE_URL",
        f"{MYSQL}?ssl_mode=PREFERRED",
        "has ssl_mode=PREFERRED. There are DISABLED, REQUIRED, VERIFY_CA,",
    ),
    ("DATABASE_URL", f"{MYSQL}?ssl_mode=", "has ssl_mode=. There are DISABLED, REQUIRED, VERIFY_CA,"),
    (
        "DATABASE_URL",
        f"{MYSQL}?ssl_mode=VERIFY_CA",
        "has ssl_mode=VERIFY_CA without ssl_ca, the certificates to trust.",
    ),
    ("DATABASE_URL", f"{MYSQL}?ssl_mode=disabled&ssl_ca=/ca.pem", "has ssl_mode=DISABLED, and files for TLS."),
    ("DATABASE_URL", f"{MYSQL}?ssl_cert=/cert.pem", "has only one of ssl_cert and ssl_key."),
    ("DATABASE_URL", f"{MYSQL}?read_timeout=soon", "has read_timeout=soon, which is not a number of seconds."),
    ("DATABASE_CAUSAL_READS", "maybe", "is 'maybe', which is not one of AUTO, OFF."),
    ("REDIS_URL", f"redis+sentinel://:{SECRET}@host:x/service", "has a part that cannot be read, other than redis+"),
    (
        "REDIS_URL",
        f"redis+sentinel://:{SECRET}@host",
        "names no service or no host: it has to be like redis+sentinel:",
    ),
    (
        "REDIS_URL",
        f"redis+sentinel://:{SECRET}@host/service/zero",
        "has a part that cannot be read, other than redis+",
    ),
    (
        "REDIS_URL",
        f"redis+sentinel://:{SECRET}@host/service?db=3",
        "has the unknown option db. There are ssl_ca_certs,",
    ),
    (
        "REDIS_URL",
        f"redis+cluster://:{SECRET}@host",
        "names a Redis Cluster, which cannot keep the stamps of an answer",
    ),
    ("REDIS_URL", f"http://:{SECRET}@host", NOT_REDIS),
    ("REDIS_URL", f"redis://:{SECRET}@host:port/0", NOT_REDIS),
    ("REDIS_URL", "host:6379", NOT_REDIS),
    ("PORT", "abc", "is 'abc', which is not a whole number from 0 to 65535."),
    ("PORT", "65536", "is '65536', which is not a whole number from 0 to 65535."),
    ("PORT", "8_000", "is '8_000', which is not a whole number from 0 to 65535."),
    ("PORT", "٨٠٠٠", "is '٨٠٠٠', which is not a whole number from 0 to 65535."),
    ("LIVE_PORT", "-1", "is '-1', which is not a whole number from 0 to 65535."),
    ("WEB_WORKERS", "0", "is '0', which is not a whole number from 1 to 1024."),
    ("WEB_THREADS", "many", "is 'many', which is not a whole number from 1 to 1024."),
    ("CACHE_SECONDS", "-3", "is '-3', which is not a whole number, 0 or more."),
    ("CACHE_SECONDS", "6" * 5_000, f"is '{'6' * 60}', which is not a whole number, 0 or more."),
    ("WALLETSVC_HOME", "/no/such/folder", "is '/no/such/folder', which is not a folder that exists."),
    ("GRAPHQL_MAX_DEPTH", "1.5", "is '1.5', which is not a whole number, 0 or more."),
    ("CORS_PREFLIGHT_MAX_AGE", "-1", "is '-1', which is not a whole number, 0 or more."),
    ("DEBUG", "maybe", "is 'maybe', which is not true or false."),
    ("AUTH_REQUIRED", "2", "is '2', which is not true or false."),
    ("ASSETS", "BTC", "is 'BTC', which is not codes with their decimal places, such as BTC=8,ETH=18."),
    ("ASSETS", "BTC=x", "is 'BTC=x', which is not codes with their decimal places, such as BTC=8,ETH=18."),
    ("ASSETS", "=8", "is '=8', which is not codes with their decimal places, such as BTC=8,ETH=18."),
    ("LOG_LEVEL", "chatty", "is 'chatty', which is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL."),
    ("GRAPHQL_ALLOWLIST", "no-such-file.json", "is 'no-such-file.json', which is not a file that can be read."),
    ("GRAPHQL_ALLOWLIST", "/", "is '/', which is not a file that can be read."),
    (
        "CORS_ALLOWED_ORIGINS",
        "shop.example",
        "is 'shop.example', which is not an origin, a scheme and a host without",
    ),
    (
        "CORS_ALLOWED_ORIGINS",
        "https://a.example,https://b.example/",
        "is 'https://b.example/', which is not an origin",
    ),
]
IDS = [f"{name}={value}"[:50] for name, value, _problem in WRONG]


@pytest.fixture
def problems(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that reads the settings anew, and returns the lines of the refusal."""
    monkeypatch.setattr(environ.Env, "read_env", lambda _path: None)

    def read(**variables: str) -> list[str]:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(UnusableSettings) as caught:
            runpy.run_path(str(ROOT / "walletsvc" / "settings.py"))
        return str(caught.value).splitlines()

    return read


@pytest.mark.parametrize(("name", "value", "problem"), WRONG, ids=IDS)
def test_a_wrong_setting_gets_one_line_that_shows_no_password(
    name: str, value: str, problem: str, problems: Any
) -> None:
    (line,) = problems(**{name: value})
    assert line.startswith(f"{name} {problem}")
    assert SECRET not in line


@pytest.mark.parametrize(
    "variables", [{"DATABASE_URL": "mysql://host/name"}, {"DATABASE_URL": "", "DB_NAME": "name"}]
)
def test_mysql_without_its_driver(variables: dict[str, str], problems: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_url, "find_spec", lambda _name: None)
    (line,) = problems(**variables)
    assert line.endswith(" needs the driver mysqlclient, which is not installed: pip install 'walletsvc[mysql]'.")


def test_all_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    wrong = {"DEBUG": "maybe", "DATABASE_URL": "nonsense", "REDIS_URL": "http://x", "ASSETS": "BTC", "PORT": "abc"}
    finished = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "check"],
        env=os.environ | wrong,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (1, "")
    assert [line.split(" ")[0] for line in finished.stderr.splitlines()] == list(wrong)


def test_data_and_settings_are_in_the_folder_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "DB_NAME", "LOG_LEVEL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("WALLETSVC_HOME", str(tmp_path))
    # Restored afterwards: a file of settings becomes part of the environment.
    monkeypatch.setenv("GRAPHQL_ALLOWLIST", "")
    monkeypatch.delenv("GRAPHQL_ALLOWLIST")
    (tmp_path / "documents.json").write_text("{}")
    (tmp_path / ".env").write_text("GRAPHQL_ALLOWLIST=documents.json\n")
    found = runpy.run_path(str(ROOT / "walletsvc" / "settings.py"))
    assert found["DATABASES"]["default"]["NAME"] == str(tmp_path / "walletsvc.sqlite3")
    assert found["GRAPHQL_ALLOWLIST"] == str(tmp_path / "documents.json")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ.Env, "read_env", lambda _path: None)
    numbers = ("PORT", "LIVE_PORT", "WEB_WORKERS", "CACHE_SECONDS", "CONN_MAX_AGE", "GRAPHQL_MAX_COST")
    others = (
        "DATABASE_URL",
        "REDIS_URL",
        "LOG_LEVEL",
        "GRAPHQL_ALLOWLIST",
        "CORS_ALLOWED_ORIGINS",
        "ASSETS",
        "DEBUG",
    )
    for name in numbers + others:
        monkeypatch.setenv(name, "")
    found = runpy.run_path(str(ROOT / "walletsvc" / "settings.py"))
    assert (found["PORT"], found["LIVE_PORT"], found["CACHE_SECONDS"], found["DEBUG"]) == (8000, 8001, 60, False)
    # Empty is a value where a list can be.
    assert (found["ASSETS"], found["CORS_ALLOWED_ORIGINS"]) == ({}, [])


def test_a_password_may_hold_any_character(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ.Env, "read_env", lambda _path: None)
    password = "$HOME \\$#?@/%41ü"
    for name, value in {"DATABASE_URL": "", "DB_NAME": "name", "DB_PASSWORD": password}.items():
        monkeypatch.setenv(name, value)
    assert runpy.run_path(str(ROOT / "walletsvc" / "settings.py"))["DATABASES"]["default"]["PASSWORD"] == password


HOSTS = (("db1", 3306), ("db2", 3307), ("::1", 3308), ("db3", 3306))


@pytest.mark.parametrize(
    ("query", "options"),
    [
        ("", {}),
        ("?ssl_ca=/ca.pem", {"ssl_mode": "VERIFY_IDENTITY", "ssl": {"ca": "/ca.pem"}}),
        ("?ssl_ca=/a&ssl_mode=verify_ca", {"ssl_mode": "VERIFY_CA", "ssl": {"ca": "/a"}}),
        ("?ssl_cert=/a&ssl_key=/b", {"ssl_mode": "REQUIRED", "ssl": {"cert": "/a", "key": "/b"}}),
        ("?ssl_mode=DISABLED&read_timeout=3", {"ssl_mode": "DISABLED", "read_timeout": 3}),
        ("?init_command=SET%20x%3D1", {"init_command": "SET x=1"}),
    ],
)
def test_the_hosts_and_options_of_mysqls_address(
    query: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_url, "find_spec", lambda _name: "there")
    url = f"mysql://user:p%40ss,word@db1,db2:3307,[::1]:3308,db3/wallets{query}"
    assert database_url.parse_database_url(url, folder=Path()) == {
        "ENGINE": "walletsvc.db.mysql",
        "NAME": "wallets",
        "USER": "user",
        "PASSWORD": "p@ss,word",
        "HOST": "db1",
        "PORT": 3306,
        "OPTIONS": {"hosts": HOSTS, **options},
    }


def test_hosts_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ.Env, "read_env", lambda _path: None)
    monkeypatch.setattr(database_url, "find_spec", lambda _name: "there")
    parts = {"DATABASE_URL": "", "DB_NAME": "name", "DB_HOST": "db1,db2:3307, [::1]:3308 ,db3", "DB_PORT": "3306"}
    for name, value in parts.items():
        monkeypatch.setenv(name, value)
    found = runpy.run_path(str(ROOT / "walletsvc" / "settings.py"))["DATABASES"]["default"]
    assert (found["HOST"], found["PORT"], found["OPTIONS"]["hosts"]) == ("db1", 3306, HOSTS)


def test_a_file_of_sqlite_is_relative_to_the_folder_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    parse = database_url.parse_database_url
    folder = Path("/srv/wallets")
    assert parse("sqlite:///file.sqlite3", folder=folder)["NAME"] == "/srv/wallets/file.sqlite3"
    assert parse("sqlite:////var/file.sqlite3", folder=folder)["NAME"] == "/var/file.sqlite3"
    assert parse("sqlite://:memory:", folder=folder)["NAME"] == ":memory:"
