"""An action forbidden to users: changing the ledger past its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.apps import apps
from django.db import connection, transaction

from walletsvc.models import CacheState


def empty_tables() -> None:
    """Remove all rows of ours, and begin numbering at 1 again. What the cache is agreed to be stays so."""
    models = [each for each in apps.get_app_config("walletsvc").get_models() if each is not CacheState]
    tables = [connection.ops.quote_name(model._meta.db_table) for model in models if model._meta.managed]
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            # TRUNCATE fires no trigger (https://mariadb.com/kb/en/truncate-table/).
            cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
            for table in tables:
                cursor.execute(f"TRUNCATE TABLE {table}")
            cursor.execute("SET FOREIGN_KEY_CHECKS = 1")
        return
    with transaction.atomic(), without_triggers(), connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        cursor.execute("DELETE FROM sqlite_sequence")


@contextmanager
def without_triggers() -> Iterator[None]:
    """Disable the triggers. MySQL commits the open transaction: for tests with `transaction=True`."""
    statements = _triggers()
    with connection.cursor() as cursor:
        for name in statements:
            cursor.execute(f"DROP TRIGGER {name}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for statement in statements.values():
                cursor.execute(statement)


def _triggers() -> dict[str, str]:
    """Return the statement that makes each trigger, by its name."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            return dict(cursor.fetchall())
        cursor.execute("SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()")
        names = [name for (name,) in cursor.fetchall()]
        statements = {}
        for name in names:
            cursor.execute(f"SHOW CREATE TRIGGER {name}")
            statements[name] = cursor.fetchone()[2]
        return statements
