"""DATABASE_URL: the address of the database, as Django's settings have it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from walletsvc import mysql_address

EXAMPLES = "mysql://user:password@host:3306/name or sqlite:///file.sqlite3"

_UNREADABLE = f"has a port or host that cannot be read, other than {EXAMPLES}."
_ENGINES = {"mysql": "walletsvc.db.mysql", "sqlite": "django.db.backends.sqlite3"}


def parse_database_url(url: str, *, folder: Path) -> dict[str, Any]:
    """Return the settings of the database at this address; a relative file is one in `folder`.

    Raises `ValueError` with the rest of a sentence that begins with "DATABASE_URL". It never shows the password.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise ValueError(f"is not the address of a database, such as {EXAMPLES}.")
    if scheme not in _ENGINES:
        raise ValueError(f"names a database of the kind {scheme[:20]!r}, which is not supported: use {EXAMPLES}.")
    url, hosts, query = _split(url) if scheme == "mysql" else (url, "", "")
    try:
        found: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError as error:
        raise ValueError(_UNREADABLE) from error
    found["ENGINE"] = _ENGINES[scheme]
    if scheme == "mysql":
        require_driver()
        if not found["NAME"]:
            raise ValueError(f"names no database: it has to end like {EXAMPLES.split(' ', 1)[0]}.")
        found = mysql_address.with_hosts({**found, "OPTIONS": mysql_address.parse_options(query)}, hosts)
    elif found["NAME"] != ":memory:":
        found["NAME"] = str(folder / found["NAME"])
    return found


def parse_read_url(url: str, *, folder: Path) -> dict[str, Any]:
    """Return the settings of the server for reads at this address. Raises what `parse_database_url` raises."""
    found = parse_database_url(url, folder=folder)
    if found["ENGINE"] != _ENGINES["mysql"]:
        raise ValueError(f"has to be the address of a MariaDB server, such as {EXAMPLES.split(' ', 1)[0]}.")
    # A list also of one: it is used only while it is ready.
    hosts = found["OPTIONS"].get("hosts", ((found["HOST"], found["PORT"]),))
    return {**found, "OPTIONS": {**found["OPTIONS"], "hosts": hosts}}


def _split(url: str) -> tuple[str, str, str]:
    """Return the address with the first of its hosts and without options, and the list of hosts, and the options."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ValueError(_UNREADABLE) from error
    user, at, hosts = parts.netloc.rpartition("@")
    return parts._replace(netloc=user + at + hosts.split(",")[0], query="").geturl(), hosts, parts.query


def require_driver() -> None:
    """Raise `ValueError` unless MySQL's driver is installed."""
    if find_spec("MySQLdb") is None:
        raise ValueError("needs the driver mysqlclient, which is not installed: pip install 'walletsvc[mysql]'.")
