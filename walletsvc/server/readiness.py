"""Whether this process should get requests: a thread asks the database again and again, and probes get what it found.

So a probe needs neither the database nor a free connection, and costs the database nothing, whoever sends it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import redis
from django.conf import settings
from django.db import Error
from django_redis import get_redis_connection

from walletsvc.access.background import Background
from walletsvc.db.dialect import Meaning, meaning_of
from walletsvc.db.impatient import connect
from walletsvc.db.mysql.node import fault_of
from walletsvc.db.patience import cut_off
from walletsvc.server.draining import is_draining
from walletsvc.server.migrated import is_behind

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
STEP_SECONDS = 1
"""How long the database may take to connect, and to answer each question."""
SILENT_SECONDS = 1.9
"""How long the database must have been silent, in at least two looks, before threads wait for it no more."""
STALE_SECONDS = 2.0
"""A thread that has found nothing for so long waits for a database that does not answer."""
MIGRATED_SECONDS = 10.0
"""How long to believe that the database is set up."""

NO_ANSWER = "does not answer"
NOT_SET_UP = "is not set up: run `manage.py setup_database`"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, by the name of the part. `at` is when, by a monotonic clock."""

    at: float
    faults: Mapping[str, str] = field(default_factory=dict)
    """Reasons to send no requests here."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """What is wrong and can be lived with."""


def _connect() -> Any:
    return connect(seconds=STEP_SECONDS)


class Readiness:
    """What this process knows about itself and its database."""

    def __init__(
        self,
        *,
        connect: Callable[[], Any] = _connect,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._clock = clock
        self._database: Any = None
        self._findings: Findings | None = None
        self._migrated_until = 0.0
        self._silent_since: float | None = None
        self._looking = threading.Lock()
        self._watch = Background(self.look, seconds=LOOK_SECONDS, name="The look at the database")
        self.is_watched = False
        """Whether a thread looks."""

    def start(self) -> None:
        """Look from now on, in a thread of this process. Without it, `findings` looks."""
        self.is_watched = True
        self._watch.start()

    def findings(self) -> Findings:
        """Return what is known now: without faults, this process may get requests."""
        found = self._findings
        is_old = found is None or self._clock() - found.at > STALE_SECONDS
        if is_old and not self.is_watched:
            self.look()
            found, is_old = self._findings, False
        if found is None or is_old:
            found = Findings(self._clock(), {"database": NO_ANSWER})
        if is_draining():
            return Findings(found.at, {"server": "is about to end", **found.faults}, found.remarks)
        return found

    def look(self) -> None:
        """Ask the database and Redis."""
        with self._looking:
            began = self._clock()
            fault = self._find_fault()
            self._note_silence(fault, began)
            faults = {} if fault is None else {"database": fault}
            before = self._findings
            self._findings = Findings(self._clock(), faults, find_remarks())
        if before is not None and before.faults != faults:
            logger.warning("The database %s", fault or "is ready")

    def _note_silence(self, fault: str | None, began: float) -> None:
        if fault != NO_ANSWER:
            self._silent_since = None
            cut_off(is_silent=False)
        elif self._silent_since is None:
            self._silent_since = began
        elif self._clock() - self._silent_since >= SILENT_SECONDS:
            cut_off(is_silent=True)

    def _find_fault(self) -> str | None:
        try:
            if self._database is None:
                self._database = self._connect()
            with self._database.wrap_database_errors, closing(self._database.create_cursor()) as cursor:
                fault = self._ask(cursor)
            if fault is not None:
                # The next connection may lead to another host, which is ready.
                self.close()
            return fault
        except Error as error:
            self.close()
            return NOT_SET_UP if meaning_of(error) is Meaning.FAULT else NO_ANSWER

    def _ask(self, cursor: Any) -> str | None:
        fault = fault_of(cursor) if self._database.vendor == "mysql" else None
        if self._clock() >= self._migrated_until:
            if is_behind(cursor):
                return fault or NOT_SET_UP
            self._migrated_until = self._clock() + MIGRATED_SECONDS
        else:
            cursor.execute("SELECT 1")
            cursor.fetchall()
        return fault

    def close(self) -> None:
        """Close the connection; the next look opens a new one."""
        database, self._database, self._migrated_until = self._database, None, 0.0
        if database is not None:
            database.close()


def find_remarks() -> Mapping[str, str]:
    """Return what is wrong beside the database, by the name of the part. Requests are served all the same."""
    if not settings.REDIS_URL:
        return {}
    try:
        get_redis_connection("default").ping()
    except (redis.RedisError, OSError):
        return {"redis": NO_ANSWER}
    return {}


readiness = Readiness()
"""That of this process."""
