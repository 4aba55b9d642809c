"""A write's duty to readers: once a caller knows its answer, the cache never serves what was there before.

Usually new stamps are enough (`cache.invalidation`). A writer that cannot be sure of them suspends the cache for
all processes, in its own transaction if possible, and answers once no process trusts the cache any more
(`cache.lease`).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from django.db import Error, connection, transaction

from walletsvc import errors
from walletsvc.cache import responses
from walletsvc.cache.invalidation import Invalidation
from walletsvc.cache.lease.row import new_identity
from walletsvc.db import dialect, reader
from walletsvc.db.channels import channel
from walletsvc.ledger import statements

logger = logging.getLogger(__name__)

ATTEMPTS = 5
BACKOFF_SECONDS = 0.05

_INSERT = "INSERT INTO walletsvc_cachestate (id, identity, generation, suspended, instance) VALUES (1, %s, 1, 1, '')"
_OR_UPDATE = {"mysql": "ON DUPLICATE KEY UPDATE"}
_OR_UPDATE_ELSEWHERE = "ON CONFLICT (id) DO UPDATE SET"
# In this order: MySQL evaluates assignments from left to right. A suspended cache keeps its generation, so that
# processes that have seen the suspension need not wait. The row is locked anyway, so that none lifts the suspension
# before COMMIT.
_SUSPEND = "generation = walletsvc_cachestate.generation + 1 - walletsvc_cachestate.suspended, suspended = 1"
_READ = "SELECT identity, generation, suspended FROM walletsvc_cachestate WHERE id = 1"


class Publication:
    """The steps of one write: `prepare` before COMMIT, then either `complete` or `withdraw`."""

    def __init__(self) -> None:
        self._invalidation = Invalidation()
        self._is_marked = False
        self._is_unseen = False

    def prepare(self, wallets: Mapping[int, str]) -> None:
        """Keep readers from storing data that is about to be outdated, or suspend the cache.

        Call it last in the transaction, so that only COMMIT remains while the row is locked.
        """
        self._is_marked = self._invalidation.mark(wallets, owners=set(wallets.values()))
        if self._is_marked and reader.is_configured():
            channel().ask_position()
        if not self._is_marked and not _is_suspended_for_all():
            self._is_unseen = True
            _suspend()

    def withdraw(self) -> None:
        """Undo `prepare` after a rollback. If the outcome is unknown, the remaining marks expire."""
        self._invalidation.release()

    def complete(self) -> None:
        """Return once no reader is served outdated data. Raises `Unavailable` if the database went away."""
        position = channel().position() if self._is_marked and reader.is_configured() else ""
        if self._is_marked and not self._invalidation.settle(position):
            self._is_unseen = True
            _suspend_now()
        if self._is_unseen:
            responses.keeper().outlive()


def _is_suspended_for_all() -> bool:
    """Tell whether all processes have seen a suspension that lasts until the end of this transaction."""
    keeper = responses.keeper()
    state = keeper.state
    agreement = state.agreement
    if agreement is None or not agreement.is_suspended or not keeper.has_outlived(state):
        return False
    return _lock_row() == [(agreement.identity, agreement.generation, 1)]


def _lock_row() -> list[tuple[object, ...]]:
    """Return the row, locked until the end of this transaction, shared with other readers.

    SQLite's transaction locks the whole database.
    """
    lock = "LOCK IN SHARE MODE" if dialect.vendor() == "mysql" else ""
    return [tuple(row) for row in statements.fetch(f"{_READ} {lock}", [])]


def _suspend() -> None:
    """Suspend the cache with the COMMIT of this transaction."""
    or_update = _OR_UPDATE.get(dialect.vendor(), _OR_UPDATE_ELSEWHERE)
    statements.write(f"{_INSERT} {or_update} {_SUSPEND}", [new_identity()])


def _suspend_now() -> None:
    """Suspend the cache after COMMIT. Raises `Unavailable`: then nothing can be said about the write."""
    for number in range(ATTEMPTS):
        if number:
            time.sleep(BACKOFF_SECONDS * number)
        try:
            with transaction.atomic():
                _suspend()
        except Error as error:
            logger.warning("The cache is not suspended yet: %s", error)
            connection.close()
        else:
            return
    raise errors.outcome_unknown()
