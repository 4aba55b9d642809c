"""`python -m tests.drill`: see the package."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.drill.drill import DrillError, run
from tests.drill.engines import Database, MariaDBDatabase, SQLiteDatabase
from tests.servers import MariaDBServer, RedisServer, ServerError

ENGINES = ("sqlite", "mariadb")


def main(arguments: list[str]) -> int:
    """Run the drill, print what it found, and return 1 if anything came back wrong."""
    options = parse(arguments)
    os.environ |= {"DEBUG": "true", "SECRET_KEY": "insecure-for-local-use-only", "DB_NAME": ""}
    try:
        for engine in [options.engine] if options.engine else ENGINES:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="walletsvc-drill-")))
                # Both servers have the same Redis: what the lost one has cached must not come back.
                redis_url = stack.enter_context(RedisServer()).url if engine == "mariadb" else ""
                source, target = _databases(engine, folder, stack)
                report = run(source, target, folder=folder, redis_url=redis_url, seconds=options.seconds)
            print(f"{engine}:\n{report}")
    except (ServerError, DrillError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options. Ends the process if they are invalid."""
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=main.__doc__)
    parser.add_argument("--engine", choices=ENGINES, help="only this one")
    parser.add_argument("--seconds", type=float, default=10, help="of load before the dump, and after it (10)")
    return parser.parse_args(arguments)


def _databases(engine: str, folder: Path, stack: ExitStack) -> Iterator[Database]:
    for name in ("source", "target"):
        if engine == "sqlite":
            yield SQLiteDatabase(f"sqlite:///{folder / name}.sqlite3")
        else:
            yield MariaDBDatabase(stack.enter_context(MariaDBServer(in_memory=False)).url)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
