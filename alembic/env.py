"""Run the revisions on the database in Django's settings.

alembic upgrade head            what `manage.py setup_database` runs after Django's migrations
alembic upgrade head --sql      print the statements instead of running them
alembic check                   fail if an object that the revisions create is missing from the database

Revisions are written by hand: Django owns tables and columns, so autogenerate has nothing to propose.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import django
from alembic import context
from alembic.runtime.migration import MigrationInfo
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, MetaData, create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
django.setup()

from django.db import connection as database  # noqa: E402 - needs the settings

from walletsvc.db.objects import ASK_TRIGGERS, TRIGGERS, VIEWS  # noqa: E402

DIALECTS = {"sqlite": "sqlite", "mysql": "mysql+mysqldb"}

# Tables that revisions create with SQLAlchemy would be declared here. Autogenerate sees nothing else.
target_metadata = MetaData()

EXACT_COLLATIONS = {"utf8mb4_nopad_bin", "utf8mb4_0900_bin"}


def make_engine() -> Engine:
    """Return an engine whose connections Django opens, with its current settings."""
    engine = create_engine(
        f"{DIALECTS[database.vendor]}://",
        creator=lambda: database.get_new_connection(database.get_connection_params()),
        poolclass=NullPool,
    )
    if database.vendor == "sqlite":
        # Python's driver would commit before each DDL statement. With this, each run is one transaction, all or
        # nothing (https://docs.sqlalchemy.org/en/20/dialects/sqlite.html#pysqlite-serializable).
        event.listen(engine, "connect", lambda raw, _record: setattr(raw, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def include_name(name: str | None, kind: str, parents: Any) -> bool:
    """Hide every table that is not declared here, so that autogenerate never proposes to drop one of Django's."""
    return kind != "table" or name in target_metadata.tables


def refuse_drift(migration_context: Any, revision: Any, directives: Any) -> None:
    """Raise `CommandError` if the database lacks what the revisions create. Autogenerate compares tables only."""
    lacking = list(find_drift(migration_context.connection))
    if lacking:
        raise CommandError(
            "The database differs from its revisions:\n"
            + "".join(f"  {each}\n" for each in lacking)
            + "To run a revision again: alembic stamp THE_ONE_BEFORE, then alembic upgrade head."
        )


def find_drift(connection: Connection) -> Iterable[str]:
    """Yield missing objects, and text columns of ours that would not compare byte for byte."""
    triggers = set(connection.scalars(text(ASK_TRIGGERS[connection.dialect.name])))
    if connection.dialect.name == "mysql":
        texts = connection.execute(
            text(
                "SELECT table_name, column_name, collation_name FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name LIKE 'walletsvc\\_%' AND data_type = 'varchar'"
            )
        )
        for table, column, collation in texts:
            if collation not in EXACT_COLLATIONS:
                yield f"{table}.{column} compares as {collation}"
    yield from (f"there is no trigger {name}" for name in sorted(TRIGGERS - triggers))
    views = set(inspect(connection).get_view_names())
    yield from (f"there is no view {name}" for name in sorted(VIEWS - views))


def report_progress(ctx: Any, step: MigrationInfo, heads: Any, run_args: Any) -> None:
    """Report each revision, as Django does for each migration."""
    report = context.config.attributes.get("report", context.config.print_stdout)
    revision: Any = step.up_revision
    if revision:
        report(f"  {'Applied' if step.is_upgrade else 'Undid'} {revision.revision}: {revision.doc}")


def run_online() -> None:
    with make_engine().connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            include_name=include_name,
            process_revision_directives=refuse_drift,
            transactional_ddl=database.vendor == "sqlite",
            on_version_apply=report_progress,
        )
        with context.begin_transaction():
            context.run_migrations()


def run_offline() -> None:
    context.configure(dialect_name=database.vendor, literal_binds=True, transactional_ddl=database.vendor == "sqlite")
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
