"""What a server asks of all its connections: that they wait for nothing without end."""

from __future__ import annotations

from walletsvc.db import dialect


def limit_waiting() -> None:
    """Limit how long the connections of this process wait. Commands of `manage.py` do without."""
    if dialect.vendor() == "mysql":
        # Here, as it needs the driver.
        from walletsvc.db.mysql import patience

        patience.limit_waiting()


def cut_off(*, is_silent: bool) -> None:
    """Let the threads of this process wait no more for a database that is silent, or let them ask it again."""
    if dialect.vendor() == "mysql":
        from walletsvc.db.mysql.patience import silence

        if is_silent:
            silence.begin()
        else:
            silence.end()
