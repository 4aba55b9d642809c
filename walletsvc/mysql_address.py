"""The parts of MySQL's address that django-environ does not know: several hosts, and which options there are.

Functions raise `ValueError` with the rest of a sentence that begins with the setting's name. They never show a
password.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DEFAULT_PORT = 3306

SSL_MODES = ("DISABLED", "REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY")
"""Not PREFERRED, which goes on in plain text if the server, or somebody on the way, has no TLS."""
_FILES = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"}
_SECONDS = ("connect_timeout", "read_timeout", "write_timeout")
_TEXTS = ("init_command", "unix_socket")
_OPTIONS = (*_FILES, "ssl_mode", *_SECONDS, *_TEXTS)


def with_hosts(database: Mapping[str, Any], hosts: str, *, port: int = DEFAULT_PORT) -> dict[str, Any]:
    """Return the settings of a database for a list of hosts: `db1,db2:3307,[::1]`.

    Each has `port` unless it names one. HOST and PORT become those of the first one; the option `hosts` has all of
    several.
    """
    named = [_parse_host(each.strip(), port) for each in hosts.split(",")]
    options = dict(database.get("OPTIONS", {}))
    if len(named) > 1:
        if not all(host for host, _ in named):
            raise ValueError("has an empty place in its list of hosts.")
        options["hosts"] = tuple(named)
    return {**database, "HOST": named[0][0], "PORT": named[0][1], "OPTIONS": options}


def _parse_host(text: str, port: int) -> tuple[str, int]:
    if text.startswith("/"):  # a socket
        return text, port
    try:
        parts = urlsplit(f"//{text}")
        return parts.hostname or "", parts.port or port
    except ValueError:
        raise ValueError(
            f"has the host {text[:60]!r}, which cannot be read: name it as db1, db1:3306 or [::1]:3306."
        ) from None


def parse_options(query: str) -> dict[str, Any]:
    """Return the driver's options that the query of an address asks for."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(given.keys() - set(_OPTIONS))
    if unknown:
        raise ValueError(f"has the unknown option {', '.join(unknown)[:60]}. There are {', '.join(_OPTIONS)}.")
    options: dict[str, Any] = {name: given[name] for name in _TEXTS if name in given}
    for name in _SECONDS:
        if name in given:
            if not (given[name].isascii() and given[name].isdecimal() and 0 < int(given[name][:6]) < 100_000):
                raise ValueError(f"has {name}={given[name][:60]}, which is not a number of seconds.")
            options[name] = int(given[name])
    return options | _parse_tls(given)


def _parse_tls(given: Mapping[str, str]) -> dict[str, Any]:
    """Return the options for TLS. With `ssl_ca`, the server proves who it is unless `ssl_mode` asks for less."""
    files = {name: given[option] for option, name in _FILES.items() if option in given}
    mode = given.get("ssl_mode", "VERIFY_IDENTITY" if "ca" in files else "REQUIRED" if files else "").upper()
    if not mode and "ssl_mode" not in given:
        return {}
    if mode not in SSL_MODES:
        raise ValueError(f"has ssl_mode={mode[:60]}. There are {', '.join(SSL_MODES)}.")
    if mode == "DISABLED" and files:
        raise ValueError("has ssl_mode=DISABLED, and files for TLS.")
    if mode.startswith("VERIFY") and "ca" not in files:
        raise ValueError(f"has ssl_mode={mode} without ssl_ca, the certificates to trust.")
    if ("cert" in files) is not ("key" in files):
        raise ValueError("has only one of ssl_cert and ssl_key.")
    return {"ssl_mode": mode} | ({"ssl": files} if files else {})
