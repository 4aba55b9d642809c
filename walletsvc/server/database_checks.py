"""What the server asks of its database before it starts: how it is reached, and what it may show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core import checks


def check_transport(app_configs: Any, **kwargs: Any) -> Sequence[checks.CheckMessage]:
    """Warn of a database on another machine without TLS."""
    distant: dict[str, None] = {}
    for database in settings.DATABASES.values():
        options: Mapping[str, Any] = database.get("OPTIONS", {})
        if options.get("ssl_mode", "DISABLED") == "DISABLED":
            hosts = [host for host, _ in options.get("hosts", ())] or [database.get("HOST", "")]
            distant |= dict.fromkeys(filter(_is_distant, hosts))
    if distant:
        what = f"Passwords and money pass in plain text to the database at {', '.join(distant)}."
        hint = "Add ssl_ca=FILE, or at least ssl_mode=REQUIRED, to DATABASE_URL and DATABASE_READ_URL."
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


def find_unsafe_cluster(database: Any) -> str | None:
    """Return why there must be no cache with this connection's database, if that is a node that may show old rows.

    One that lags would have them stored under new stamps, and every server would show them to everybody.
    """
    if database.vendor != "mysql" or settings.DATABASE_CAUSAL_READS or not settings.REDIS_URL:
        return None
    cluster = database.connection.facts.cluster.value
    if cluster == "none":
        return None
    return (
        f"The database is a node of a cluster ({cluster}), and with DATABASE_CAUSAL_READS=off it may show old"
        " rows, which the cache would keep. Set DATABASE_CAUSAL_READS=auto, or no REDIS_URL."
    )
