"""What the database has beside tables: Alembic's revisions make it (`alembic/versions`)."""

from __future__ import annotations

from typing import Any

TRIGGERS = frozenset(
    {
        "walletsvc_entry_no_update",
        "walletsvc_entry_no_delete",
        "walletsvc_wallet_delete_if_empty",
        "walletsvc_accessevent_no_update",
        "walletsvc_accessevent_no_delete",
        "walletsvc_transfer_no_delete",
        "walletsvc_hold_no_delete",
    }
)
VIEWS = frozenset({"reporting_wallet_day"})

ASK_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "mysql": "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
}
_ASK_WHETHER_TRIGGERS_ARE_SHOWN = """
    SELECT 1 FROM information_schema.user_privileges WHERE privilege_type = 'TRIGGER'
    UNION SELECT 1 FROM information_schema.schema_privileges
    WHERE privilege_type = 'TRIGGER' AND DATABASE() LIKE table_schema
"""


def find_missing_triggers(cursor: Any, vendor: str) -> set[str] | None:
    """Return the names of triggers that are not there, or None if the database shows this user no triggers.

    MySQL shows them to users who may make them (https://dev.mysql.com/doc/refman/8.4/en/information-schema-triggers-table.html).
    Raises what `cursor` raises.
    """
    cursor.execute(ASK_TRIGGERS[vendor])
    missing = TRIGGERS - {str(name) for (name,) in cursor.fetchall()}
    if missing == TRIGGERS and vendor == "mysql":
        cursor.execute(_ASK_WHETHER_TRIGGERS_ARE_SHOWN)
        if not cursor.fetchall():
            return None
    return set(missing)
