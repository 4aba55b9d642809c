"""Parts of the database setup beside the two migration tools."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from hashlib import blake2b
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from walletsvc.cache.lease.row import new_identity
from walletsvc.management.turns import turn_of_cluster

WAIT_SECONDS = 600


@contextmanager
def taking_turns() -> Iterator[None]:
    """Make other processes that set up the same database wait: two containers may start at once.

    The lock ends with its process, or half a minute after it at other nodes of a cluster. Raises `CommandError` after
    ten minutes on MySQL.
    """
    if connection.vendor == "mysql":
        with _mysql_lock(), _cluster_lock():
            yield
    elif connection.vendor == "sqlite" and Path(connection.settings_dict["NAME"]).parent.is_dir():
        with _folder_lock(Path(connection.settings_dict["NAME"]).parent):
            yield
    else:
        yield


@contextmanager
def _mysql_lock() -> Iterator[None]:
    # The lock's name belongs to the server rather than the database, and has at most 64 characters.
    name = "walletsvc:" + blake2b(connection.settings_dict["NAME"].encode(), digest_size=16).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, WAIT_SECONDS])
        if cursor.fetchone() != (1,):
            raise CommandError(f"Another process has been setting this database up for {WAIT_SECONDS} seconds.")
        try:
            yield
        finally:
            cursor.execute("SELECT RELEASE_LOCK(%s)", [name])


def _cluster_lock() -> AbstractContextManager[None]:
    """Lock the other nodes out as well, if the server is one of several: `GET_LOCK` is known to one of them only."""
    # Here, as it is a part of MySQL's backend.
    from walletsvc.db.mysql.session import Cluster

    driver: Any = connection.connection
    if driver.facts.cluster is Cluster.NONE:
        return nullcontext()
    return turn_of_cluster(wait_seconds=WAIT_SECONDS)


@contextmanager
def _folder_lock(folder: Path) -> Iterator[None]:
    """Lock the folder, not the file: closing a second handle of the file would drop SQLite's own locks
    (https://www.sqlite.org/howtocorrupt.html, section 2.2).
    """
    import fcntl  # Unix only

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def rename_database() -> None:
    """Give the database an identity that no other has; a copy has the original's, whose answers may be cached.

    The cache stays suspended until the processes agree on one again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE walletsvc_cachestate"
            " SET identity = %s, generation = generation + 1, suspended = 1, instance = ''",
            [new_identity()],
        )


@contextmanager
def keeping_views_and_triggers() -> Iterator[None]:
    """Drop SQLite's views and triggers for pending migrations, and restore them afterwards.

    SQLite alters a table by replacing it with a new one. Whatever refers to the table makes that fail, and its own
    triggers silently disappear with the old table (https://www.sqlite.org/lang_altertable.html, section 7).
    """
    if connection.vendor != "sqlite" or not _is_migration_pending():
        yield
        return
    kept = _views_and_triggers()
    with connection.cursor() as cursor:
        for kind, name in kept:
            cursor.execute(f"DROP {kind} {connection.ops.quote_name(name)}")
    try:
        yield
    finally:
        lost = kept.keys() - _views_and_triggers().keys()
        with connection.cursor() as cursor:
            for each in sorted(lost):
                cursor.execute(kept[each])


def _is_migration_pending() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _views_and_triggers() -> dict[tuple[str, str], str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT type, name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')")
        return {(kind, name): sql for kind, name, sql in cursor.fetchall()}
