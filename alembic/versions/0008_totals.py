"""Make the currencies of totals compare byte for byte.

Revision: 0008, after 0007. Can be run again after it failed half-way. It needs a column, so Django's migrations come
first.
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLE = "walletsvc_transactioncount"
# As in 0001.
EXACT = "/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */"


def upgrade() -> None:
    if not op.get_context().as_sql:
        columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns(TABLE)}
        if "currency" not in columns:
            raise CommandError("Run Django's migrations first: totals have no currency yet.")
    _convert(f"utf8mb4 COLLATE {EXACT}")


def downgrade() -> None:
    _convert("utf8mb4")


def _convert(charset: str) -> None:
    if op.get_context().dialect.name != "sqlite":
        op.execute(f"ALTER TABLE {TABLE} CONVERT TO CHARACTER SET {charset}")
