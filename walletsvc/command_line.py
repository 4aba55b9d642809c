"""The command line: `walletsvc` where the package is installed, `manage.py` in a checkout."""

from __future__ import annotations

import os
import signal
import sys

from walletsvc import __version__

HELP = """\
usage: walletsvc COMMAND [OPTION...]

  setup                 make this folder ready: a secret of its own, and the database
  serve                 serve REST, GraphQL and subscriptions
  doctor                show what is in the way of a start, and what is well
  apikey                make, list, rotate and revoke API keys
  demo                  fill an empty server with something to look at
  reconcile             prove that balances, ledger and totals agree
  import_transactions   post the rows of a CSV file
  export_transactions   write transactions as CSV
  export_entries        write the ledger as CSV
  expire_holds          let holds expire that have come to their end
  prune                 delete what nobody needs any more
  version               print the version

Data and settings (.env) are in WALLETSVC_HOME, or else in the current folder.
`walletsvc COMMAND --help` has the options of a command.
"""


def main() -> None:
    """Run the command that the arguments name.

    Exits with 1 if settings cannot be used, with a line for each. Ctrl-C ends it without a traceback, as it does
    other programs.
    """
    if sys.argv[1:2] == ["serve"]:
        # Until the supervisor takes over, there is nothing to undo. A KeyboardInterrupt in the middle of an import
        # may be lost: Python ignores it in callbacks, and libraries catch it. So this comes before all imports.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
    from walletsvc.environment import Environment, UnusableSettings

    # These two tell what is wrong with the settings together with all else.
    Environment.raises = sys.argv[1:2] not in (["serve"], ["doctor"])
    try:
        from django.core import management

        management.execute_from_command_line(sys.argv)
    except UnusableSettings as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def walletsvc() -> None:
    """Run `main`, or print the commands that there are, or the version."""
    if sys.argv[1:2] in ([], ["help"], ["-h"], ["--help"]):
        sys.stdout.write(HELP)
        return
    if sys.argv[1:2] in (["version"], ["--version"]):
        # Django's own command of this name prints Django's.
        sys.stdout.write(f"{__version__}\n")
        return
    main()
