#!/usr/bin/env python
"""Django's command line."""

import os
import signal
import sys


def main() -> None:
    """Run the command that the arguments name. Ctrl-C ends it without a traceback, as it does other programs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
    if sys.argv[1:2] == ["serve"]:
        # Until the supervisor takes over, there is nothing to undo. A KeyboardInterrupt in the middle of an import
        # may be lost: Python ignores it in callbacks, and libraries catch it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
