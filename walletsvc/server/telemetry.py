"""Write what a serving process has to say for operators, from time to time and at its end."""

from __future__ import annotations

from multiprocessing import util

from walletsvc.access.background import Background
from walletsvc.telemetry import logs

FLUSH_SECONDS = 0.25


def start() -> None:
    """Let lines wait for the next time, from now until the process ends."""
    logs.waiting.start()
    _flushing.start()
    # After the thread, which is stopped with priority 0.
    util.Finalize(None, logs.waiting.stop, exitpriority=-1)


def _flush() -> None:
    logs.waiting.write()


_flushing = Background(_flush, seconds=FLUSH_SECONDS, name="Telemetry")
