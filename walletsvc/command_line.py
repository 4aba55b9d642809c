"""The command line: of `manage.py` in a checkout."""

from __future__ import annotations

import os
import signal
import sys

from walletsvc.environment import UnusableSettings


def main() -> None:
    """Run the command that the arguments name. Exits with 1 if settings cannot be used, with a line for each.

    Ctrl-C ends it without a traceback, as it does other programs.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
    if sys.argv[1:2] == ["serve"]:
        # Until the supervisor takes over, there is nothing to undo. A KeyboardInterrupt in the middle of an import
        # may be lost: Python ignores it in callbacks, and libraries catch it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from django.core import management

        management.execute_from_command_line(sys.argv)
    except UnusableSettings as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
