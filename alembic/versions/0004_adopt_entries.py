"""Allow one change of an entry: to give it the owner of its wallet.

Servers of earlier versions write entries without an owner; `manage.py setup_database` gives them the owner of their
wallet. An entry of a deleted wallet stays unchanged, because its owner is no longer known.

Revision: 0004, after 0003. Can be run again after it failed half-way. It needs the column, so Django's migrations
come first.
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "walletsvc_entry_no_update"
REFUSAL = "entries are append-only"
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
)
ADOPTED = "EXISTS (SELECT 1 FROM walletsvc_wallet WHERE id = NEW.wallet_id AND owner = NEW.owner)"
# Equal, or both NULL.
SAME = {"sqlite": "IS", "mysql": "<=>"}

SQLITE = (
    "CREATE TRIGGER {} BEFORE UPDATE ON walletsvc_entry FOR EACH ROW WHEN {} BEGIN SELECT RAISE(ABORT, '{}'); END"
)
MYSQL = (
    "CREATE TRIGGER {} BEFORE UPDATE ON walletsvc_entry FOR EACH ROW"
    " IF {} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{}'; END IF"
)


def upgrade() -> None:
    if not op.get_context().as_sql:
        columns = sa.inspect(op.get_bind()).get_columns("walletsvc_entry")
        if "owner" not in {column["name"] for column in columns}:
            raise CommandError("Run Django's migrations first: entries have no owner yet.")
    same = SAME[op.get_context().dialect.name]
    unchanged = " AND ".join(f"NEW.{column} {same} OLD.{column}" for column in FIXED)
    _replace(f"NOT ({unchanged} AND NEW.owner <> OLD.owner AND {ADOPTED})")


def downgrade() -> None:
    _replace("1 = 1")


def _replace(condition: str) -> None:
    statement = SQLITE if op.get_context().dialect.name == "sqlite" else MYSQL
    op.execute(f"DROP TRIGGER IF EXISTS {NAME}")
    op.execute(statement.format(NAME, condition, REFUSAL))
