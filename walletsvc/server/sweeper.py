"""The live server's sweep: readers see within two seconds that a hold has expired."""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, close_old_connections, connection

from walletsvc import errors
from walletsvc.access.background import Background
from walletsvc.commands.expiry import sweep

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
REST = 2
"""How many times as long as a transaction took it rests afterwards, for those who post."""
LONGEST_REST_SECONDS = 1.0


def sweep_once() -> None:
    """Let holds expire that have come to their end. What cannot be written now is written next time.

    If many have, it rests after each transaction.
    """
    close_old_connections()
    try:
        began = time.monotonic()
        for _ in sweep():
            time.sleep(min(REST * (time.monotonic() - began), LONGEST_REST_SECONDS))
            began = time.monotonic()
    except (errors.WalletError, DatabaseError) as error:
        logger.warning("Holds that have expired are shown as open for a while: %s", error)
        connection.close()


sweeper = Background(sweep_once, seconds=SWEEP_SECONDS, name="The sweep of holds")
