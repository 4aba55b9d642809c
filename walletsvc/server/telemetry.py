"""Write what a serving process has to say for operators, from time to time and at its end."""

from __future__ import annotations

import os
from multiprocessing import util
from typing import TYPE_CHECKING

from django.conf import settings

from walletsvc import __version__
from walletsvc.access.background import Background
from walletsvc.server.metrics import FOLDER
from walletsvc.telemetry import logs, metrics
from walletsvc.telemetry.traces import ENDPOINT, traces

if TYPE_CHECKING:
    from walletsvc.telemetry.exposition import Exposition

FLUSH_SECONDS = 0.25


class Telemetry:
    """The lines and counts that wait in this process, from `start` until it ends."""

    def __init__(self) -> None:
        self._exposition: Exposition | None = None
        self._flushing = Background(self.flush, seconds=FLUSH_SECONDS, name="Telemetry")

    def start(self) -> None:
        """Let lines wait for the next flush, and count if there is a folder for values."""
        if os.environ.get(FOLDER):
            # Here, because the library looks for the folder when it is loaded, and only now.
            from prometheus_client import CollectorRegistry

            from walletsvc.telemetry.exposition import Exposition

            self._exposition = Exposition(version=__version__, registry=CollectorRegistry())
            metrics.collecting.start()
        if os.environ.get(ENDPOINT):
            traces.start(version=__version__)
            util.Finalize(traces, traces.stop, exitpriority=-1)
        if settings.SENTRY_DSN:
            # Here, so that nothing is loaded for servers without it.
            from walletsvc.telemetry.faults import report_faults

            report_faults(settings.SENTRY_DSN, version=__version__)
        logs.waiting.start()
        self._flushing.start()
        # After the thread, which is stopped with priority 0.
        util.Finalize(self, self.flush, exitpriority=-1)

    def flush(self) -> None:
        """Write and add up what waits."""
        logs.waiting.write()
        if self._exposition is not None:
            self._exposition.collect()


telemetry = Telemetry()
