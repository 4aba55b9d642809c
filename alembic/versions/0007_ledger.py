"""Keep transfers, holds and what entries say of them.

Make their texts compare byte for byte, refuse to remove a transfer or a hold, and let no change of an entry touch its
new columns.

Revision: 0007, after 0006. Can be run again after it failed half-way. It needs tables and columns, so Django's
migrations come first.
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("walletsvc_transfer", "walletsvc_hold", "walletsvc_replaykey")
# As in 0001.
EXACT = "/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */"

ENTRY_TRIGGER = "walletsvc_entry_no_update"
# As in 0006, where the last four are missing.
FIXED = (
    "id",
    "wallet_id",
    "sequence",
    "amount",
    "balance_after",
    "currency",
    "kind",
    "transaction_id",
    "txid",
    "principal",
    "created_at",
    "shown_principal",
    "held",
    "held_after",
    "hold_id",
    "detail",
)
ADOPTED = "EXISTS (SELECT 1 FROM walletsvc_wallet WHERE id = NEW.wallet_id AND owner = NEW.owner)"
SAME = {"sqlite": "IS", "mysql": "<=>"}
KEPT = {
    "walletsvc_transfer_no_delete": ("walletsvc_transfer", "a transfer is not deleted"),
    "walletsvc_hold_no_delete": ("walletsvc_hold", "a hold is not deleted"),
}
SQLITE = "CREATE TRIGGER {} BEFORE {} ON {} FOR EACH ROW WHEN {} BEGIN SELECT RAISE(ABORT, '{}'); END"
MYSQL = (
    "CREATE TRIGGER {} BEFORE {} ON {} FOR EACH ROW"
    " IF {} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{}'; END IF"
)


def upgrade() -> None:
    if not op.get_context().as_sql:
        inspector = sa.inspect(op.get_bind())
        columns = {column["name"] for column in inspector.get_columns("walletsvc_entry")}
        if "detail" not in columns or not set(TABLES) <= set(inspector.get_table_names()):
            raise CommandError("Run Django's migrations first: there are no transfers and holds yet.")
    _convert(f"utf8mb4 COLLATE {EXACT}")
    for name, (table, refusal) in KEPT.items():
        _replace(name, "DELETE", table, "1 = 1", refusal)
    _fix(FIXED)


def downgrade() -> None:
    _fix(FIXED[:-4])
    for name in KEPT:
        op.execute(f"DROP TRIGGER IF EXISTS {name}")
    _convert("utf8mb4")


def _convert(charset: str) -> None:
    if op.get_context().dialect.name != "sqlite":
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {charset}")


def _fix(columns: tuple[str, ...]) -> None:
    same = SAME[op.get_context().dialect.name]
    unchanged = " AND ".join(f"NEW.{column} {same} OLD.{column}" for column in columns)
    condition = f"NOT ({unchanged} AND NEW.owner <> OLD.owner AND {ADOPTED})"
    _replace(ENTRY_TRIGGER, "UPDATE", "walletsvc_entry", condition, "entries are append-only")


def _replace(name: str, event: str, table: str, condition: str, refusal: str) -> None:
    op.execute(f"DROP TRIGGER IF EXISTS {name}")
    statement = SQLITE if op.get_context().dialect.name == "sqlite" else MYSQL
    op.execute(statement.format(name, event, table, condition, refusal))
