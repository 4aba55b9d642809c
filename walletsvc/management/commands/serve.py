"""Serve both faces over HTTP, and subscriptions beside them."""

import os
import sys
from typing import Any

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from walletsvc.checks import refuse_unsafe_settings
from walletsvc.management import supervision


class Command(BaseCommand):
    """Check the settings and become granian with `walletsvc.wsgi`, or the supervisor of it and `walletsvc.asgi`."""

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
        parser.add_argument(
            "--live-port",
            type=int,
            default=env.int("LIVE_PORT", default=None),
            help="Port of the live server, which serves subscriptions: PORT + 1; 0 for none (LIVE_PORT)",
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
        web = _granian("wsgi", "walletsvc.wsgi:application", options["host"], options["port"], options["workers"])
        web += ["--no-ws", "--backlog", "2048", "--blocking-threads", str(options["threads"])]
        command = [sys.executable, "-m", "granian", *web]
        live_port = options["port"] + 1 if options["live_port"] is None else options["live_port"]
        # What runs next reads its settings anew: the playground's page says where subscriptions are.
        os.environ["LIVE_PORT"] = str(live_port)
        if live_port:
            self.stdout.write(f"Subscriptions on ws://{options['host']}:{live_port}/graphql/.")
            # One process: each follows the changes of all wallets, and has room for thousands of subscriptions.
            live = _granian("asgi", "walletsvc.asgi:application", options["host"], live_port, 1)
            command = supervision.command(web=web, live=live)
        self.stdout.flush()
        os.chdir(settings.BASE_DIR)
        os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and arguments


def _granian(interface: str, application: str, host: str, port: int, workers: int) -> list[str]:
    """Return the arguments of granian that both servers have."""
    arguments = ["--interface", interface, "--host", host, "--port", str(port), "--workers", str(workers)]
    return [*arguments, "--respawn-failed-workers", "--log-level", "error", application]
