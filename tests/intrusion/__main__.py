"""`python -m tests.intrusion`: see the package."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.intrusion.callers import make_callers
from tests.intrusion.run import read_description, redacted, run
from tests.live import LiveServer
from tests.servers import ServerError

WITHOUT_LIMITS = {"LIMIT_PER_PRINCIPAL": "", "LIMIT_PER_ADDRESS": "", "LIMIT_AUTH_FAILURES": ""}


def main(arguments: list[str]) -> int:
    """Start a server that asks for keys, send it random requests, reconcile, and return 1 if there is a fault.

    The server uses DATABASE_URL and REDIS_URL, or a new SQLite file and its memory.
    """
    options = parse(arguments)
    try:
        with _server() as server:
            callers = make_callers(server)
            report = run(
                callers,
                port=server.port,
                description=read_description(server.port),
                requests=options.requests,
                seed=options.seed,
                clients=options.clients,
                seconds=options.seconds,
            )
            reconciled = server.manage("reconcile", timeout_seconds=600)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    print(report.print())
    for fault in redacted(report.faults, callers):
        print(f"FAULT {fault}", file=sys.stderr)
    print((reconciled.stdout + reconciled.stderr).strip())
    print(f"{report.sent:,} requests, {len(report.faults)} faults, seed {options.seed}, {report.seconds:.0f} s.")
    return 1 if report.faults or reconciled.returncode or report.sent < options.requests else 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options. Ends the process if they are invalid."""
    parser = argparse.ArgumentParser(prog="python -m tests.intrusion", description=main.__doc__)
    parser.add_argument("--requests", type=int, default=int(os.environ.get("FUZZ_INTRUSIONS", "100000")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FUZZ_SEED", "0")))
    parser.add_argument("--clients", type=int, default=2, help="processes that send at the same time (2)")
    parser.add_argument("--seconds", type=float, default=10**6, help="stop after so long, and fail")
    return parser.parse_args(arguments)


@contextmanager
def _server() -> Iterator[LiveServer]:
    """Yield a server on an empty database."""
    with tempfile.TemporaryDirectory(prefix="walletsvc-") as folder:
        server = LiveServer(
            database_url=os.environ.get("DATABASE_URL") or f"sqlite:///{Path(folder) / 'intrusion.sqlite3'}",
            redis_url=os.environ.get("REDIS_URL", ""),
            AUTH_REQUIRED="true",
            LOG_LEVEL="CRITICAL",
            **WITHOUT_LIMITS,
        )
        with closing(server):
            server.set_up_database()
            server.start()
            yield server


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
