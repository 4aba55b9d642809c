"""What metrics show of the database: asked for from time to time by one process, whatever is scraped."""

from __future__ import annotations

import logging

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from walletsvc.access.background import Background
from walletsvc.commands.expiry import count_due
from walletsvc.models import Reconciliation
from walletsvc.telemetry.metrics import DISCREPANCIES, HOLDS_DUE, RECONCILE_AGE, collecting

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15.0


class Gauges:
    """The last answers of the database. None is shown until there is one, or while it does not answer."""

    def __init__(self) -> None:
        self.holds_due: int | None = None
        self.last: Reconciliation | None = None
        self._looking = Background(self.look, seconds=LOOK_SECONDS, name="The look at what metrics show")

    def start(self) -> None:
        """Look from now on until the process ends, if there are metrics."""
        if not collecting.is_on:
            return
        HOLDS_DUE.read, DISCREPANCIES.read, RECONCILE_AGE.read = self._count_due, self._count_found, self._age
        self._looking.start()

    def stop(self) -> None:
        """Look no more."""
        HOLDS_DUE.read = DISCREPANCIES.read = RECONCILE_AGE.read = None
        self._looking.stop()

    def look(self) -> None:
        """Ask the database."""
        close_old_connections()
        try:
            self.holds_due = count_due(at=timezone.now())
            self.last = Reconciliation.objects.first()
        except DatabaseError as error:
            self.holds_due = None
            logger.info("Metrics of the database are not known for a while: %s", error)
            connection.close()

    def _count_due(self) -> int | None:
        return self.holds_due

    def _count_found(self) -> int | None:
        return None if self.last is None else self.last.discrepancies

    def _age(self) -> float | None:
        return None if self.last is None else (timezone.now() - self.last.finished_at).total_seconds()


gauges = Gauges()
