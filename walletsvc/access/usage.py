"""When keys were last used: noted in memory, and written by a thread, so that no request waits for it.

A use is noted when its key is looked up, every few seconds (`access.verified`): who is remembered costs nothing more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from django.db import Error, connection
from django.db.models import Case, DateTimeField, Q, Value, When
from django.utils import timezone

from walletsvc.access.background import Background
from walletsvc.models.access import ApiKey

logger = logging.getLogger(__name__)

ROUND_SECONDS = 10.0
GAP = timedelta(minutes=5)
"""The least time between two writes for a key by one process, or after another has written such a recent use."""
MAX_KEYS = 500
"""How many keys a statement writes."""
LOCK_MILLISECONDS = 500
"""How long SQLite waits for other writers."""


class Usage:
    """Collects uses, and writes those of keys whose last write is a while ago."""

    def __init__(self, *, now: Callable[[], datetime] = timezone.now) -> None:
        self._now = now
        self._seen: dict[str, datetime] = {}
        self._written: dict[str, datetime] = {}
        self._background = Background(self.write, seconds=ROUND_SECONDS, name="walletsvc-usage")

    def start(self) -> None:
        """Start to write."""
        self._background.start()

    def note(self, key_id: str, at: datetime) -> None:
        """Note that a key was used. Costs a place in a table."""
        self._seen[key_id] = at

    def write(self) -> None:
        """Write what is due. What cannot be written now, because the database is away or busy, is due again."""
        now = self._now()
        self._written = {key: at for key, at in self._written.items() if now - at < GAP}
        due = dict(islice(((key, at) for key, at in list(self._seen.items()) if key not in self._written), MAX_KEYS))
        if not due:
            return
        try:
            _write(due, before=min(now - GAP, *due.values()))
        except Error as error:
            logger.info("The last uses of keys are not written yet: %s", error)
            return
        finally:
            connection.close()
        for key, at in due.items():
            self._written[key] = now
            if self._seen[key] is at:
                del self._seen[key]


usage = Usage()
"""The uses in this process."""


def _write(due: dict[str, datetime], *, before: datetime) -> None:
    """Write the last uses in one statement, except over one after `before`: another process wrote it."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {LOCK_MILLISECONDS}")
    found = ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lte=before), id__in=due)
    found.update(
        last_used_at=Case(*(When(id=key, then=Value(at)) for key, at in due.items()), output_field=DateTimeField())
    )
