"""Serve both faces over HTTP."""

import os
import sys
from typing import Any

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from walletsvc.checks import refuse_unsafe_settings


class Command(BaseCommand):
    """Check the settings and become granian, which serves `walletsvc.wsgi`."""

    help = "Serve the REST and GraphQL APIs. Refuses to start on unsafe settings."

    def add_arguments(self, parser: CommandParser) -> None:
        env = environ.Env()
        parser.add_argument(
            "--host", default=env.str("HOST", default="127.0.0.1"), help="Address to listen on (HOST)"
        )
        parser.add_argument("--port", type=int, default=env.int("PORT", default=8000), help="Port (PORT)")
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WEB_WORKERS,
            help="Processes; more than one needs Redis (WEB_WORKERS)",
        )
        parser.add_argument(
            "--threads",
            type=int,
            default=env.int("WEB_THREADS", default=8),
            help="Threads of each process (WEB_THREADS)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ["WEB_WORKERS"] = str(options["workers"])
        settings.WEB_WORKERS = options["workers"]
        try:
            refuse_unsafe_settings()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        url = f"http://{options['host']}:{options['port']}"
        self.stdout.write(f"walletsvc: REST on {url}/api/, GraphQL on {url}/graphql/. Ctrl-C ends it.")
        self.stdout.flush()
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
        command += ["--host", options["host"], "--port", str(options["port"])]
        command += ["--workers", str(options["workers"]), "--blocking-threads", str(options["threads"])]
        command += [
            "--backlog",
            "2048",
            "--respawn-failed-workers",
            "--log-level",
            "warning",
            "walletsvc.wsgi:application",
        ]
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and arguments
