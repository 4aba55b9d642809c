"""Let the texts of the cache's state compare byte for byte on MySQL and MariaDB, as 0001 does with those before it.

Revision: 0004. Can be run again after it failed half-way.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

EXACT = "/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */"


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        return
    op.execute(f"ALTER TABLE walletsvc_cachestate CONVERT TO CHARACTER SET utf8mb4 COLLATE {EXACT}")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        return
    op.execute("ALTER TABLE walletsvc_cachestate CONVERT TO CHARACTER SET utf8mb4")
