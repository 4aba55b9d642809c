"""Make the texts of keys and access events compare byte for byte, and refuse to change or remove an event.

Revision: 0005, after 0004. Can be run again after it failed half-way. It needs the tables, so Django's migrations
come first.
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("walletsvc_apikey", "walletsvc_accessevent")
# As in 0001.
EXACT = "/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */"
REFUSAL = "access events are append-only"
EVENTS = ("UPDATE", "DELETE")
SQLITE = "CREATE TRIGGER {} BEFORE {} ON walletsvc_accessevent BEGIN SELECT RAISE(ABORT, '{}'); END"
MYSQL = (
    "CREATE TRIGGER {} BEFORE {} ON walletsvc_accessevent FOR EACH ROW"
    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{}'"
)


def upgrade() -> None:
    if not op.get_context().as_sql and not set(TABLES) <= set(sa.inspect(op.get_bind()).get_table_names()):
        raise CommandError("Run Django's migrations first: there are no keys yet.")
    _drop_triggers()
    on_sqlite = op.get_context().dialect.name == "sqlite"
    _convert(f"utf8mb4 COLLATE {EXACT}")
    for event in EVENTS:
        op.execute((SQLITE if on_sqlite else MYSQL).format(_name(event), event, REFUSAL))


def downgrade() -> None:
    _drop_triggers()
    _convert("utf8mb4")


def _convert(charset: str) -> None:
    if op.get_context().dialect.name != "sqlite":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {charset}")


def _drop_triggers() -> None:
    for event in EVENTS:
        op.execute(f"DROP TRIGGER IF EXISTS {_name(event)}")


def _name(event: str) -> str:
    return f"walletsvc_accessevent_no_{event.lower()}"
