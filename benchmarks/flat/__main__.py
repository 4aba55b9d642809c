"""The command line: see the package."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import django

from benchmarks.flat.data import DEEP, SIZES, SMALL, SPREAD, make_databases
from benchmarks.harness import dataset
from benchmarks.harness.goals import Goal
from benchmarks.harness.machine import describe_commit, describe_machine
from benchmarks.harness.report import format_goals
from benchmarks.harness.servers import ROOT, BenchmarkMariaDB, HarnessError
from tests.servers import RedisServer, ServerError

GOALS = ROOT / "benchmarks" / "FLAT.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print what takes more than 10 ms in the database and the goals, and write all of it to a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flat", description=main.__doc__)
    parser.add_argument("--in-memory", action="store_true", help="keep the database in /dev/shm instead of on disk")
    parser.add_argument("--only", nargs="+", default=[], help="only lists whose name has all these words")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "flat.txt", help="build/flat.txt")
    options = parser.parse_args(arguments)
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {line}", flush=True)

    # A signal to end unwinds the stack, so that the servers are closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # The declarations need Django, though not its database.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "walletsvc.settings")
    django.setup()
    try:
        lines, goals = _measure(options.only, options.in_memory, say)
    except (HarnessError, ServerError) as error:
        print(f"flat: {error}", file=sys.stderr)
        return 2
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text("\n".join(lines) + "\n")
    say(f"Written: {options.output}")
    print("\n".join(format_goals(goals)))
    if not options.only:
        GOALS.write_text("\n".join(_page(goals)) + "\n")
        say(f"Written: {GOALS}")
    return 0


def _page(goals: Sequence[Goal]) -> Iterator[str]:
    yield "# Lists at a million rows"
    yield ""
    yield f"Written by `make bench-flat`, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, of commit {describe_commit()}."
    yield "Times are those of the database, from its log, of requests one after the other (docs/performance.md)."
    yield ""
    yield from (f"- {name}: {value}" for name, value in describe_machine().items())
    yield ""
    yield from format_goals(goals)


def _measure(only: Sequence[str], in_memory: bool, say: Callable[[str], None]) -> tuple[list[str], list[Goal]]:
    """Return the lines of the report and the goals, after printing what is slow."""
    from benchmarks.flat.goals import MOST_MS, judge
    from benchmarks.flat.measure import Measured, measure_listings, serve
    from benchmarks.flat.nested import ENTRIES, NESTED, OWNED
    from benchmarks.flat.questions import listings
    from benchmarks.flat.report import report, report_slow
    from benchmarks.flat.values import Chooser

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # The database server writes its log there, maybe as another user.
        folder.chmod(0o777)
        database = stack.enter_context(BenchmarkMariaDB(in_memory=in_memory))
        redis = stack.enter_context(RedisServer())
        make_databases(database, redis.url, say)
        say("choosing values to filter by")
        # Before anything is served: a connection would be closed meanwhile.
        with dataset.connect(database.url_of(SPREAD)) as connection:
            lists = [*listings(Chooser(connection, SIZES[SPREAD]))]
        wanted = [each for each in lists if all(word in each.name for word in only)]
        asked: dict[tuple[str, str], Measured] = {}
        found: Sequence[Measured] = []
        lines: list[str] = []
        for name in (SMALL, SPREAD, DEEP):
            with ExitStack() as serving:
                client, meter = serve(serving, database, redis.url, name, folder)
                for question, template in {**NESTED, **ENTRIES, **OWNED}.items():
                    asked[name, question] = measured = meter.measure(f"{name}: {question}", template)
                    say(f"{measured.milliseconds:8.2f} ms  {measured.name}")
                    lines += report([measured])
                if name == SPREAD:
                    found = measure_listings(client, meter, name, wanted, say)
                    print("\n".join(report_slow(found, MOST_MS)))
                    lines += report(found)
        return lines, [*judge(asked, found)]


if __name__ == "__main__":
    sys.exit(main())
