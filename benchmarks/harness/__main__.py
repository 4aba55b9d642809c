"""The command line: see the package."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.harness.modes import FULL, QUICK, SMOKE
from benchmarks.harness.report import format_goals, write
from benchmarks.harness.rows import make_rows
from benchmarks.harness.run import HISTORY, LIVE, MEMORY, SCALING, Plan, carry_out
from benchmarks.harness.servers import ROOT, HarnessError
from tests.servers import ServerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write. Exits with 0 if all answers were correct, 1 if not, 2 if it could not continue."""
    options = _parse(arguments)
    started = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - started:6.0f} s  {line}", flush=True)

    # A signal to end unwinds the stack, so that the servers are closed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        plan = Plan(
            mode=options.mode,
            parts=options.only,
            profiled=options.profile,
            in_memory=options.in_memory,
            against=options.against,
            with_everything=options.with_everything,
        )
        results = carry_out(plan, say)
    except (HarnessError, ServerError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 2
    write(results, options.output)
    print("\n".join(["", *format_goals(results.goals), ""]))
    say(f"Written: {options.output / 'RESULTS.md'} and results.json")
    for problem in results.problems:
        print(f"benchmark: {problem}", file=sys.stderr)
    return 1 if results.problems else 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    keys = [row.key for row in make_rows(2)]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.harness", description=main.__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--quick", dest="mode", action="store_const", const=QUICK, default=FULL, help="some 10 minutes")
    mode.add_argument("--smoke", dest="mode", action="store_const", const=SMOKE, help="correctness only, no timing")
    parser.add_argument(
        "--only", nargs="+", choices=[*keys, SCALING, MEMORY, HISTORY, LIVE], help="only these parts of the run"
    )
    parser.add_argument("--profile", nargs="+", choices=keys, default=[], help="profile these rows")
    parser.add_argument("--in-memory", action="store_true", help="keep the database in /dev/shm instead of on disk")
    parser.add_argument("--against", metavar="COMMIT", help="measure against this commit instead of the peers")
    parser.add_argument(
        "--with-everything",
        action="store_true",
        help="with --against: give walletsvc a key, limits, log and metrics",
    )
    parser.add_argument("--repetitions", type=int, help="how often to measure each row")
    parser.add_argument("--output", type=Path, help="a folder (benchmarks/, or build/ for less than all)")
    options = parser.parse_args(arguments)
    if options.with_everything and not options.against:
        parser.error("--with-everything is measured --against a commit.")
    if options.repetitions:
        options.mode = replace(options.mode, repetitions=options.repetitions)
    is_whole = options.mode == FULL and options.only is None and options.against is None
    options.output = options.output or (ROOT / "benchmarks" if is_whole else ROOT / "build" / options.mode.target)
    # The tests ask for the same history and subscribe as well; only the figures are of interest here.
    more = [SCALING, MEMORY] if options.mode == SMOKE else [SCALING, MEMORY, HISTORY, LIVE]
    options.only = options.only or (keys if options.against else [*keys, *more])
    return options


if __name__ == "__main__":
    sys.exit(main())
