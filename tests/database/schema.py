"""The objects in a database other than rows."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connection

from tests.database.rows import fetch


def beyond_the_orm() -> dict[str, Any]:
    """Return the definitions of triggers and views, and the collation of each text column of ours."""
    if connection.vendor == "sqlite":
        return dict(fetch("SELECT name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')"))
    triggers = fetch(
        "SELECT trigger_name, CONCAT_WS(' ', action_timing, event_manipulation, event_object_table, action_statement)"
        " FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
    )
    views = fetch(
        "SELECT table_name, REPLACE(view_definition, CONCAT('`', DATABASE(), '`.'), '')"
        " FROM information_schema.views WHERE table_schema = DATABASE()"
    )
    collations = fetch(
        "SELECT CONCAT(table_name, '.', column_name), collation_name FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name LIKE 'walletsvc%%' AND data_type = 'varchar'"
    )
    return dict([*triggers, *views, *collations])


def within_the_orm() -> dict[str, Any]:
    """Return the columns, constraints and indexes of each table of ours."""
    with connection.cursor() as cursor:
        return {
            model._meta.db_table: (
                [
                    (column.name, column.type_code, column.display_size, column.null_ok, column.default)
                    for column in connection.introspection.get_table_description(cursor, model._meta.db_table)
                ],
                connection.introspection.get_constraints(cursor, model._meta.db_table),
            )
            for model in apps.get_app_config("walletsvc").get_models()
            if model._meta.managed
        }
