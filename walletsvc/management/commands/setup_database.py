"""Bring the database up to date, whatever state it is in."""

from typing import Any

from alembic import command
from alembic.config import Config
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Run both migration tools, in the order in which one builds on the other."""

    help = "Run Django's migrations (tables, constraints), then Alembic's (triggers, collations, views)."

    def handle(self, *args: Any, **options: Any) -> None:
        verbosity = options["verbosity"]
        call_command("migrate", interactive=False, verbosity=verbosity)
        config = Config(str(settings.BASE_DIR / "alembic.ini"))
        config.attributes["quiet"] = verbosity == 0
        command.upgrade(config, "head")
        if verbosity:
            self.stdout.write("The database is up to date.")
