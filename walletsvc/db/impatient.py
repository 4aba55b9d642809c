"""Connections for a process' own questions, apart from those of requests: they give up at once."""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections


def connect(*, seconds: int) -> Any:
    """Return a new connection to the default database, whose every step takes at most `seconds`.

    The caller closes it, and uses it in one thread at a time. Raises `django.db.Error`.
    """
    database: Any = connections.create_connection(DEFAULT_DB_ALIAS)
    options = database.settings_dict["OPTIONS"]
    if database.vendor == "mysql":
        limits = dict.fromkeys(("connect_timeout", "read_timeout", "write_timeout"), seconds)
    else:
        limits = {"timeout": seconds}
    database.settings_dict = {**database.settings_dict, "OPTIONS": {**options, **limits}}
    # Others are not opened while the database is silent; this one may find out that it answers again.
    database.is_impatient = True
    with database.wrap_database_errors:
        database.connect()
    if database.vendor == "mysql":
        with database.wrap_database_errors:
            cursor = database.create_cursor()
            cursor.execute("SET SESSION innodb_lock_wait_timeout = %s, lock_wait_timeout = %s", (seconds, seconds))
            cursor.close()
    return database
