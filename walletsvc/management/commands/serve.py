"""Serve both faces over HTTP, and subscriptions beside them."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from walletsvc.server import supervision, threads
from walletsvc.server.metrics import MetricsServer, granian_options, plan_metrics
from walletsvc.server.ports import find_address
from walletsvc.server.preflight import Finding, Listening, Verdict, look

WORKER_STOP_SECONDS = 3
"""Less than the supervisor grants both servers, because granian ends only after its workers."""

MAX_HEADER_BYTES = 16_384
"""The request line and all headers; longer ones are answered with 431."""
HEADER_MILLISECONDS = 10_000
"""How long they may take to arrive. No thread waits for them."""
WEB_CONNECTIONS, LIVE_CONNECTIONS = 1024, 4096
"""granian's backpressure: the connections of a process, idle ones too. Further ones wait to be accepted."""

_MALLOC = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "524288"}
"""Settings of glibc's allocator (mallopt(3)). It gives each thread an arena, and after the first large block it puts
blocks of that size into arenas as well, whose holes then took as much memory as all live data. Below this threshold,
each answer with a list of 100 would map its buffers anew."""


class Command(BaseCommand):
    """Look at settings, ports and database, then become the supervisor of granian for WSGI and ASGI."""

    help = "Serve the REST and GraphQL APIs. Says what is in the way of a start, all at once, and exits with 1."
    # `look` has those of a server. The others would load both faces, which take seconds and say nothing of a machine.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default=settings.HOST, help="Address to listen on (HOST)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="Port (PORT)")
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.WEB_WORKERS,
            help="Processes; more than one needs Redis (WEB_WORKERS)",
        )
        parser.add_argument(
            "--threads", type=int, default=settings.WEB_THREADS, help="Threads of each process (WEB_THREADS)"
        )
        parser.add_argument(
            "--live-port",
            type=int,
            default=settings.LIVE_PORT if "LIVE_PORT" in os.environ else None,
            help="Port of the live server, which serves subscriptions: PORT + 1; 0 for none (LIVE_PORT)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        os.environ["WEB_WORKERS"] = str(options["workers"])
        settings.WEB_WORKERS = options["workers"]
        os.environ["WEB_THREADS"] = str(options["threads"])
        os.environ["DRAIN_SECONDS"] = str(settings.DRAIN_SECONDS)
        live_port = options["port"] + 1 if options["live_port"] is None else options["live_port"]
        self._refuse_problems(look(Listening(options["host"], options["port"], live_port)))
        address = find_address(options["host"])
        url = f"http://{options['host']}:{options['port']}"
        self.stdout.write(f"walletsvc: REST on {url}/api/, GraphQL on {url}/graphql/. Ctrl-C ends it.")
        if not settings.AUTH_REQUIRED:
            self.stderr.write(
                "Open: whoever reaches these ports may do everything. AUTH_REQUIRED=true asks for keys."
            )
        web = _granian("wsgi", "walletsvc.server.wsgi:application", address, options["port"], options["workers"])
        web += ["--no-ws", "--backlog", "2048", "--backpressure", str(WEB_CONNECTIONS)]
        # Over HTTP/2 one connection has many requests, and to end a body would end them all (`server/overdue.py`).
        web += ["--http", "1", "--blocking-threads"]
        web.append(str(threads.count(options["threads"], processes=options["workers"])))
        metrics = _plan_metrics(["web", "live"] if live_port else ["web"])
        web += granian_options(metrics, "web")
        live = None
        # The next program reads its settings again: the playground's page needs the address of subscriptions.
        os.environ["PORT"], os.environ["LIVE_PORT"] = str(options["port"]), str(live_port)
        if live_port:
            self.stdout.write(f"Subscriptions on ws://{options['host']}:{live_port}/graphql/.")
            # One process: it follows the changes of all wallets, and has room for thousands of subscriptions.
            live = _granian("asgi", "walletsvc.server.asgi:application", address, live_port, 1)
            live += ["--backlog", "2048", "--backpressure", str(LIVE_CONNECTIONS)]
            live += granian_options(metrics, "live")
        for name, value in _MALLOC.items():
            os.environ.setdefault(name, value)
        self.stdout.flush()
        # Where the next program finds our code, it should not look for data.
        os.environ["WALLETSVC_HOME"] = str(settings.HOME)
        os.chdir(settings.BASE_DIR)
        supervision.take_over(web=web, live=live, metrics=metrics)

    def _refuse_problems(self, findings: Sequence[Finding]) -> None:
        """Print what is wrong, a line for each, and exit with 1 if it is in the way of a start."""
        for finding in findings:
            if finding.verdict is not Verdict.OK:
                self.stderr.write(finding.text)
        if any(finding.verdict is Verdict.PROBLEM for finding in findings):
            sys.exit(1)


def _plan_metrics(servers: list[str]) -> MetricsServer | None:
    """Return where the metrics of these servers are served, if they are. Raises CommandError."""
    host, port = settings.METRICS_HOST, settings.METRICS_PORT
    if not port:
        return None
    try:
        return plan_metrics(host, port, servers)
    except OSError as error:
        raise CommandError(f"Metrics cannot be served on {host}:{port}: {error.strerror or error}.") from error


def _granian(interface: str, application: str, host: str, port: int, workers: int) -> list[str]:
    """Return the granian arguments that both servers share."""
    arguments = ["--interface", interface, "--host", host, "--port", str(port), "--workers", str(workers)]
    arguments += ["--respawn-failed-workers", "--workers-kill-timeout", str(WORKER_STOP_SECONDS)]
    arguments += ["--http1-header-read-timeout", str(HEADER_MILLISECONDS)]
    for protocol in ("--http1-buffer-size", "--http2-max-headers-size"):
        arguments += [protocol, str(MAX_HEADER_BYTES)]
    return [*arguments, "--log-level", "error", application]
