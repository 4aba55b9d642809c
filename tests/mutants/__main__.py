"""Try the mutants of modules: `python -m tests.mutants [--of FUNCTION] [FILE...]`; without files, of all it knows.

Exits 1 if one survives that equivalent.toml does not list, or if one that it lists does not. `make mutants` calls it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.verdict import judge, read_kinds, read_listed

ROOT = Path(__file__).resolve().parents[2]
MODULES = Path(__file__).with_name("modules.toml")
FOLDER = ROOT / "build" / "mutants"

# As in scripts/test.sh; with CI, tests that draw examples draw the same ones each time.
SCENE = {
    "DEBUG": "true",
    "SECRET_KEY": "insecure-for-local-use-only",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1],testserver",
    "WEB_WORKERS": "1",
    "DEFAULT_CURRENCY": "USD",
    "ASSETS": "BTC=8,ETH=18",
    "LOG_LEVEL": "ERROR",
    **dict.fromkeys(("CORS_ALLOWED_ORIGINS", "DB_NAME", "DATABASE_URL", "REDIS_URL"), ""),
    "CI": "true",
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--of", default="", help="only functions that have this in their names")
    parser.add_argument("files", nargs="*", help="files, or folders with all that modules.toml has in them")
    return parser.parse_args(arguments)


def main() -> int:
    chosen = parse()
    tests = tomllib.loads(MODULES.read_text("utf-8"))
    listed, total, is_good = read_listed(), Counter[str](), True
    for file in [each for each in tests if not chosen.files or each.startswith(tuple(chosen.files))]:
        began = time.monotonic()
        outcomes = try_mutants(file, tests[file], of=chosen.of)
        module = f"{file.removesuffix('.py').replace('/', '.')}."
        of_module = {name: reason for name, reason in listed.items() if name.partition(": ")[0].startswith(module)}
        verdict = judge(outcomes, of_module, kinds=read_kinds(), is_whole=not chosen.of)
        total += verdict.counts
        is_good &= verdict.is_good
        print(f"{file}: {describe(verdict.counts)}, {time.monotonic() - began:.0f} s", flush=True)
        for line in verdict.survivors:
            print(f"  {line}")
        for line in verdict.stale:
            print(f"  listed as equivalent, but {line}")
    print(f"All: {describe(total)}")
    return 0 if is_good else 1


def try_mutants(file: str, tests: Sequence[str], *, of: str = "") -> dict[str, str]:
    """Return what becomes of each mutant of a file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    into = FOLDER / f"{file.removesuffix('.py').replace('/', '.')}.json"
    into.unlink(missing_ok=True)
    plugin = ["-p", "tests.mutants.running", "-p", "no:cacheprovider", "-q", "-s"]
    command = [sys.executable, "-m", "pytest", *plugin, f"--mutate={file}", f"--mutants-of={of}", *tests]
    with into.with_suffix(".log").open("w") as log:
        done = subprocess.run(
            [*command, f"--mutants-into={into}"],
            cwd=ROOT,
            env=os.environ | SCENE,
            stdout=log,
            stderr=log,
            check=False,
        )
    if done.returncode or not into.exists():
        raise SystemExit(f"No mutants of {file} were tried: see {log.name}")
    found: dict[str, str] = json.loads(into.read_text("utf-8"))
    return found


def describe(counts: Counter[str]) -> str:
    parts = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
    return f"{counts.total()} mutants: {parts}" if parts else "no mutants"


if __name__ == "__main__":
    sys.exit(main())
