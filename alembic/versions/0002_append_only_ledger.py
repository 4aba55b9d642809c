"""Make the database refuse to change or remove an entry, and to remove a wallet that holds money.

Posting a transaction does none of the three, so the triggers cost it nothing.

Revision: 0002, after 0001. Can be run again after it failed half-way.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = "entries are append-only"
NOT_EMPTY = "a wallet that holds money is not deleted"

# Name, event and table, condition, refusal.
TRIGGERS = (
    ("walletsvc_entry_no_update", "UPDATE ON walletsvc_entry", "1 = 1", APPEND_ONLY),
    ("walletsvc_entry_no_delete", "DELETE ON walletsvc_entry", "1 = 1", APPEND_ONLY),
    ("walletsvc_wallet_delete_if_empty", "DELETE ON walletsvc_wallet", "OLD.balance <> 0", NOT_EMPTY),
)
SQLITE = "CREATE TRIGGER {} BEFORE {} FOR EACH ROW WHEN {} BEGIN SELECT RAISE(ABORT, '{}'); END"
# 45000: "unhandled user-defined exception" (MySQL manual, "SIGNAL Statement"). The client sees error 1644.
MYSQL = "CREATE TRIGGER {} BEFORE {} FOR EACH ROW IF {} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{}'; END IF"


def upgrade() -> None:
    downgrade()
    statement = SQLITE if op.get_context().dialect.name == "sqlite" else MYSQL
    for trigger in TRIGGERS:
        op.execute(statement.format(*trigger))


def downgrade() -> None:
    for name, *_ in TRIGGERS:
        op.execute(f"DROP TRIGGER IF EXISTS {name}")
