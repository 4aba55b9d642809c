"""Make text compare byte for byte on MySQL and MariaDB, as on SQLite.

Their default collations consider "a", "A", "á" and "a " equal: two people's labels would clash, and an owner would
see the wallets of another. utf8mb4_bin still ignores trailing spaces; these two do not
(https://mariadb.com/kb/en/supported-character-sets-and-collations/, "NO PAD";
https://dev.mysql.com/doc/refman/8.4/en/charset-unicode-sets.html, "Unicode _bin Collations").

CONVERT keeps everything else about a column, and changes the table's default too, so that columns that Django adds
or alters later are exact as well.

Revision: 0001. Can be run again after it failed half-way.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("walletsvc_wallet", "walletsvc_transaction", "walletsvc_entry")

# MariaDB reads the first comment, and ignores a version from 50700 to 99999; MySQL reads the second
# (https://mariadb.com/kb/en/comment-syntax/, "Executable Comment Syntax").
EXACT = "/*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */"


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        return
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4 COLLATE {EXACT}")


def downgrade() -> None:
    """Fails with a duplicate if two texts differ only in what the default collation ignores."""
    if op.get_context().dialect.name == "sqlite":
        return
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4")
