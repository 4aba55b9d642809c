"""`python -m tests.hostile_hour`: see the package."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.hostile_hour.hour import ALLOWED_MIB, Hour, Unanswered
from tests.hostile_hour.kinds import KINDS
from tests.live import LiveServer
from tests.servers import ServerError, free_port


def main(arguments: list[str]) -> int:
    """Start a server, send it a hostile hour, and return 1 if a worker has grown too much.

    The server uses DATABASE_URL and REDIS_URL, or a new SQLite file and its memory.
    """
    options = parse(arguments)
    kinds = [kind for kind in KINDS if not options.kinds or kind.__name__ in options.kinds]
    try:
        with _server() as (server, live_port):
            hour = Hour(server.pid, web_port=server.port, live_port=live_port, kinds=kinds, seed=options.seed)
            hour.prepare()
            hour.run(requests=options.requests, base=options.base, step=options.step)
    except (ServerError, Unanswered) as error:
        print(error, file=sys.stderr)
        return 1
    print(hour.report())
    if hour.grown_mib > ALLOWED_MIB:
        print(f"A worker has grown by {hour.grown_mib:.1f} MiB; {ALLOWED_MIB} are allowed.", file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options. Ends the process if they are invalid."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile_hour", description=main.__doc__)
    parser.add_argument("--requests", type=int, default=int(os.environ.get("FUZZ_REQUESTS", "100000")))
    parser.add_argument("--seed", type=int, default=int(os.environ.get("FUZZ_SEED", "0")))
    parser.add_argument("--base", type=int, default=1_000, help="requests after which memory is looked at first")
    parser.add_argument("--step", type=int, default=10_000, help="requests between two looks")
    parser.add_argument("--kinds", nargs="*", choices=sorted(kind.__name__ for kind in KINDS), help="only these")
    return parser.parse_args(arguments)


@contextmanager
def _server() -> Iterator[tuple[LiveServer, int]]:
    """Yield a server on an empty database, and the port of its live server."""
    live_port = free_port()
    with tempfile.TemporaryDirectory(prefix="walletsvc-") as folder:
        server = LiveServer(
            database_url=os.environ.get("DATABASE_URL") or f"sqlite:///{Path(folder) / 'hour.sqlite3'}",
            redis_url=os.environ.get("REDIS_URL", ""),
            LIVE_PORT=str(live_port),
            # Refusals are logged, and nothing reads the log.
            LOG_LEVEL="CRITICAL",
        )
        with closing(server):
            server.set_up_database()
            server.start()
            yield server, live_port


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
