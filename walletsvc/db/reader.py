"""The server for reads (DATABASE_READ_URL): the one place where an uncached read gets its connection.

It is a node of the writer's cluster with causal reads, or a replica, which follows the writer a moment later. A
replica is asked only once it has a position in the writer's binary log that the caller names. If it has not, or does
not answer, the writer is asked: a server for reads makes nobody wait long, and nothing depends on it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.db import Error, connections

from walletsvc.db import dialect
from walletsvc.db.dialect import Meaning
from walletsvc.telemetry.metrics import READER

logger = logging.getLogger(__name__)

ALIAS = "reader"
"""Its name in Django's DATABASES."""
PATIENCE_SECONDS = 0.05
"""How long a read waits for a replica that is behind."""
REST_SECONDS = 1.0
"""How long no other read waits after one that has waited in vain: it asks the replica for what it has already."""
RETRY_SECONDS = 2.0
"""How often a server that has not answered is tried again."""
_LASTS_LONGER = {1317, 1969, 3024}
"""Errors of a statement that took too long: the server is well."""

_HAS_POSITION = "SELECT MASTER_GTID_WAIT(%s, %s), @@GLOBAL.gtid_slave_pos"
"""0 once it has the position (https://mariadb.com/kb/en/master_gtid_wait/), and how far it is."""
_REACHED = "SELECT @@GLOBAL.gtid_slave_pos"
_IDENTITY = "SELECT identity FROM walletsvc_cachestate WHERE id = 1"

READ, BEHIND, UNKNOWN, AWAY = "read", "behind", "unknown", "away"
"""Results: it was asked; it lags; nobody knows what it has to have; it does not answer."""


class Health:
    """What this process knows of the server."""

    def __init__(self) -> None:
        self.is_away = False
        self._retry_at = 0.0
        self._impatient_until = 0.0

    def patience_seconds(self) -> float:
        """Return how long to wait for it to catch up."""
        return PATIENCE_SECONDS if time.monotonic() >= self._impatient_until else 0.0

    def lag(self) -> None:
        """Note that somebody has waited in vain."""
        self._impatient_until = time.monotonic() + REST_SECONDS

    def lose(self, error: Exception) -> None:
        """Note that it does not answer."""
        if not self.is_away:
            logger.warning("The database for reads does not answer, the writer is asked: %s", error)
        self._retry_at = time.monotonic() + RETRY_SECONDS
        self.is_away = True

    def look_again(self) -> None:
        """Try it again from time to time, in a thread of its own: no request waits for that."""
        if time.monotonic() >= self._retry_at:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            threading.Thread(target=self._look, name="database-reader", daemon=True).start()

    def _look(self) -> None:
        database = connections.create_connection(ALIAS)
        try:
            database.connect()
            self.is_away = False
            logger.warning("The database for reads answers again")
        except Error as error:
            logger.debug("The database for reads is still away: %s", error)
        finally:
            database.close()


health = Health()
"""That of this process."""

_reads: ContextVar[bool] = ContextVar("walletsvc_reads", default=False)


@cache
def is_configured() -> bool:
    """Tell whether there is a server for reads."""
    return ALIAS in connections.settings


def is_reading() -> bool:
    """Tell whether the statements of this block go to it."""
    return _reads.get()


@contextmanager
def reading(*, position: str, identity: str) -> Iterator[None]:
    """Let it answer the SELECTs of this block, if it is well and has all writes up to `position`.

    That is one in the writer's binary log, empty if it is not known. `identity` is the database's own
    (`cache.lease`): rows of another one would be wrong.
    """
    result = _try(position, identity)
    READER.add(result)
    before = _reads.set(result == READ)
    try:
        yield
    finally:
        _reads.reset(before)


def leave() -> None:
    """Let the writer answer the rest of this block: it has all that was read already, and more."""
    if _reads.get():
        _reads.set(False)


def fetch(statement: str, parameters: Sequence[Any]) -> Sequence[Any] | None:
    """Return the rows of a SELECT as text, or None if it does not answer: the writer does so from then on."""
    from walletsvc.db.mysql.texts import fetch_texts

    try:
        return fetch_texts(connections[ALIAS], statement, parameters)
    except Error as error:
        leave()
        _give_up(error)
        return None


def find_problem() -> str | None:
    """Return why it is of no use at the moment, as the end of a sentence about it, or None."""
    database: Any = connections.create_connection(ALIAS)
    try:
        database.connect()
        if database.connection.facts.is_causal:
            return None
        return None if database.fetch(_REACHED, ())[0][0] else "follows no writer by GTID"
    except Error as error:
        return f"cannot be used ({error.args[-1]})"
    finally:
        database.close()


def _try(position: str, identity: str) -> str:
    if health.is_away:
        health.look_again()
        return AWAY
    database: Any = connections[ALIAS]
    try:
        database.close_if_unusable_or_obsolete()
        database.close_if_health_check_failed()
        database.ensure_connection()
        if not _is_the_same(database, identity):
            return AWAY
        return READ if database.connection.facts.is_causal else _wait(database, position)
    except Error as error:
        _give_up(error)
        return AWAY


def _is_the_same(database: Any, identity: str) -> bool:
    """Tell whether it has the writer's database. Raises Django's database errors."""
    driver = database.connection
    if driver.identity != identity:
        rows = database.fetch(_IDENTITY, ())
        driver.identity = rows[0][0] if rows else ""
        if driver.identity != identity:
            logger.warning("The database for reads is not a replica of the writer's")
    return bool(driver.identity == identity)


def _wait(database: Any, position: str) -> str:
    """Wait a moment until a replica has the position. Raises Django's database errors."""
    if not position or not database.connection.facts.has_compounds:
        return UNKNOWN
    ((result, reached),) = database.fetch(_HAS_POSITION, (position, health.patience_seconds()))
    if "," in reached:
        # It applies each domain by itself: having one position says nothing of another's.
        return UNKNOWN
    if result != 0:
        health.lag()
        return BEHIND
    return READ


def _give_up(error: Error) -> None:
    if error.args and error.args[0] in _LASTS_LONGER:
        return
    if dialect.meaning_of(error) in (Meaning.LOST, Meaning.REFUSED):
        health.lose(error)
    connections[ALIAS].close()
