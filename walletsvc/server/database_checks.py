"""What the server asks of its database before it starts: how it is reached, and what it may show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection


def check_transport(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Warn of a database on another machine without TLS."""
    database = settings.DATABASES["default"]
    options: Mapping[str, Any] = database.get("OPTIONS", {})
    hosts = [host for host, _ in options.get("hosts", ())] or [database.get("HOST", "")]
    distant = (
        [] if options.get("ssl_mode", "DISABLED") != "DISABLED" else [each for each in hosts if _is_distant(each)]
    )
    if distant:
        what = f"Passwords and money pass in plain text to the database at {', '.join(distant)}."
        hint = "Add ssl_ca=FILE, or at least ssl_mode=REQUIRED, to DATABASE_URL."
        return [checks.Warning(what, hint=hint, id="walletsvc.W001")]
    return []


def _is_distant(host: str) -> bool:
    """Tell whether a host can be another machine: it is no socket, and no address or name of this one."""
    if not host or host == "localhost" or host.startswith("/"):
        return False
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return True


def refuse_unsafe_cluster() -> None:
    """Raise `ImproperlyConfigured` if the database is a node of a cluster that may show old rows to the cache.

    One that lags would have them stored under new stamps, and every server would show them to everybody.
    """
    if connection.vendor != "mysql" or settings.DATABASE_CAUSAL_READS or not settings.REDIS_URL:
        return
    try:
        connection.ensure_connection()
        cluster = connection.connection.facts.cluster.value
    except Error:
        # The server waits for a database that is away, and says so.
        return
    finally:
        connection.close()
    if cluster != "none":
        raise ImproperlyConfigured(
            f"The database is a node of a cluster ({cluster}), and with DATABASE_CAUSAL_READS=off it may show old"
            " rows, which the cache would keep. Set DATABASE_CAUSAL_READS=auto, or no REDIS_URL."
        )
