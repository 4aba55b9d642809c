"""Migrations that add a column and a CHECK without copying the table."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class AddCheckedField(migrations.AddField):
    """Add a field and a CHECK, which may name other columns too.

    MariaDB copies a table to add a CHECK, and nobody can write meanwhile; but one that comes with a new column, as
    part of it, is there at once (measured with 10.11: `ALGORITHM=INSTANT`). There it is known by the column's name
    rather than by its own (https://mariadb.com/kb/en/constraint/, "CHECK Constraints").
    """

    def __init__(
        self, model_name: str, name: str, field: models.Field[Any, Any], *, check: models.CheckConstraint
    ) -> None:
        super().__init__(model_name, name, field)
        self.check = check

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        super().state_forwards(app_label, state)
        state.add_constraint(app_label, self.model_name_lower, self.check)

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not getattr(schema_editor.connection, "mysql_is_mariadb", False):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            schema_editor.add_constraint(model, self.check)
            return
        column = model._meta.get_field(self.name)
        definition, parameters = schema_editor.column_sql(model, column, include_default=True)
        condition = self.check._get_check_sql(model, schema_editor)  # type: ignore[attr-defined]
        names = [schema_editor.quote_name(each) for each in (model._meta.db_table, column.column)]
        schema_editor.execute(
            f"ALTER TABLE {names[0]} ADD COLUMN {names[1]} {definition} CHECK ({condition})", parameters
        )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        if not getattr(schema_editor.connection, "mysql_is_mariadb", False):
            schema_editor.remove_constraint(from_state.apps.get_model(app_label, self.model_name), self.check)
        super().database_backwards(app_label, schema_editor, from_state, to_state)
