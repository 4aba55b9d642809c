"""Create the view `reporting_wallet_day`: a wallet's credits, debits and closing balance for each day.

Revision: 0003, after 0002. Can be run again after it failed half-way.
"""

from typing import Any

from alembic import op
from sqlalchemy import ColumnElement, Numeric, Select, String, case, cast, column, func, literal_column, select, table

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

VIEW = "reporting_wallet_day"


def days() -> Select[Any]:
    """Return the query of the view. Moments are stored in UTC, so their days are UTC's."""
    names = ("wallet_id", "sequence", "amount", "balance_after", "currency", "created_at")
    entry = table("walletsvc_entry", *map(column, names)).alias("entry")
    last = table("walletsvc_entry", *map(column, names)).alias("last")
    zero: ColumnElement[Any] = literal_column("0", Numeric)
    day = (
        select(
            entry.c.wallet_id,
            func.date(entry.c.created_at).label("day"),
            func.sum(case((entry.c.amount > zero, entry.c.amount), else_=zero)).label("credits"),
            func.sum(case((entry.c.amount < zero, -entry.c.amount), else_=zero)).label("debits"),
            func.max(entry.c.sequence).label("last_sequence"),
        )
        .group_by(entry.c.wallet_id, func.date(entry.c.created_at))
        .subquery("day")
    )
    # A name for each row, because Django needs a primary key.
    name = cast(day.c.wallet_id, String(20)) + literal_column("':'", String) + cast(day.c.day, String(10))
    return select(
        name.label("id"),
        day.c.wallet_id,
        day.c.day,
        last.c.currency,
        day.c.credits,
        day.c.debits,
        last.c.balance_after.label("closing_balance"),
    ).join_from(day, last, (last.c.wallet_id == day.c.wallet_id) & (last.c.sequence == day.c.last_sequence))


def upgrade() -> None:
    downgrade()
    op.execute(f"CREATE VIEW {VIEW} AS {days().compile(dialect=op.get_context().dialect)}")


def downgrade() -> None:
    op.execute(f"DROP VIEW IF EXISTS {VIEW}")
