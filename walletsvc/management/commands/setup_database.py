"""Bring the database up to date from any state."""

import io
from collections.abc import Callable, Iterator
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError as AlembicError
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from sqlalchemy.exc import DBAPIError

from walletsvc.ledger.adoption import adopt_entries, adopt_transactions
from walletsvc.management.database_setup import keeping_views_and_triggers, rename_database, taking_turns

HINTS = {
    # ER_BINLOG_CREATE_ROUTINE_NEED_SUPER (https://dev.mysql.com/doc/refman/8.4/en/stored-programs-logging.html)
    1419: "The server keeps a binary log and lets only administrators create triggers. Start it with"
    " log_bin_trust_function_creators=1, or run: SET GLOBAL log_bin_trust_function_creators = 1;",
    # ER_TABLEACCESS_DENIED_ERROR
    1142: "The database user needs these privileges here: SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX,"
    " REFERENCES, TRIGGER, CREATE VIEW.",
}


class Command(BaseCommand):
    """Run both migration tools in order, adopt what older servers have written meanwhile, and check the result."""

    help = (
        "Run Django's migrations (tables, constraints), then Alembic's (triggers, collations, views), and give rows"
        " of older servers their owner."
        " Safe to run again, and from several processes at once."
    )
    # Checks would load both faces, which add nothing here and take time.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--restored",
            action="store_true",
            help="The database is a copy or was restored from a backup: give it a new identity, under which"
            " nothing is cached yet. Use it before any server starts on it.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        with taking_turns():
            with keeping_views_and_triggers():
                call_command("migrate", interactive=False, verbosity=verbosity, stdout=self.stdout)
            self._run_alembic(report=self.stdout.write if verbosity else _say_nothing)
            adopted = adopt_transactions() + adopt_entries()
            if options["restored"]:
                rename_database()
        if verbosity:
            if adopted:
                self.stdout.write(f"{adopted} rows of older servers got the owner of their wallet.")
            self.stdout.write("The database is up to date.")

    def _run_alembic(self, *, report: Callable[[str], object]) -> None:
        config = Config(stdout=io.StringIO())
        # As in alembic.ini, which only a checkout has. The option is interpolated.
        config.set_main_option("script_location", str(settings.REVISIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        config.attributes["report"] = report
        report("Running Alembic's revisions:")
        try:
            command.upgrade(config, "head")
            command.check(config)
        except DBAPIError as error:
            raise CommandError("\n".join(map(str, _explain(error)))) from error
        except AlembicError as error:
            raise CommandError(str(error)) from error


def _say_nothing(_line: str) -> None:
    """Report to nobody."""


def _explain(error: DBAPIError) -> Iterator[object]:
    yield error.orig
    code = error.orig.args[0] if error.orig and error.orig.args else None
    if code in HINTS:
        yield HINTS[code]
