"""Let no change of an entry touch what its owner reads as its principal.

Revision: 0006, after 0005. Can be run again after it failed half-way. It needs the column, so Django's migrations
come first.
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

NAME = "walletsvc_entry_no_update"
REFUSAL = "entries are append-only"
# As in 0004, where the last is missing.
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
)
ADOPTED = "EXISTS (SELECT 1 FROM walletsvc_wallet WHERE id = NEW.wallet_id AND owner = NEW.owner)"
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
        if "shown_principal" not in {column["name"] for column in columns}:
            raise CommandError("Run Django's migrations first: entries have no shown principal yet.")
    _replace(FIXED)


def downgrade() -> None:
    _replace(FIXED[:-1])


def _replace(fixed: tuple[str, ...]) -> None:
    dialect = op.get_context().dialect.name
    unchanged = " AND ".join(f"NEW.{column} {SAME[dialect]} OLD.{column}" for column in fixed)
    condition = f"NOT ({unchanged} AND NEW.owner <> OLD.owner AND {ADOPTED})"
    op.execute(f"DROP TRIGGER IF EXISTS {NAME}")
    op.execute((SQLITE if dialect == "sqlite" else MYSQL).format(NAME, condition, REFUSAL))
