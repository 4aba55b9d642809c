"""An earlier commit, measured on the same rows in turns, with its own database and Redis."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.harness import dataset
from benchmarks.harness.contenders import (
    BEFORE,
    BEFORE_UNCACHED,
    OURS,
    UNCACHED,
    WITH_KEYS,
    Contender,
    Tables,
    our_contender,
    our_environment,
)
from benchmarks.harness.row import Row
from benchmarks.harness.servers import ROOT, BenchmarkMariaDB, HarnessError

EARLIER = {OURS: BEFORE, UNCACHED: BEFORE_UNCACHED}
_DATABASE = "walletsvc_before"
_TABLES = Tables(_DATABASE, "walletsvc_wallet", "walletsvc_transaction")
_FILL = """
import sys
from benchmarks.harness import dataset
url, wallets, transactions = sys.argv[1:]
dataset.fill(dataset.connect(url), dataset.Size(int(wallets), int(transactions)))
"""


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """Check the commit out into a folder of its own, and yield that. Raises HarnessError for an unknown commit."""
    root = folder / "before"
    _git("worktree", "add", "--detach", str(root), commit)
    try:
        yield root
    finally:
        _git("worktree", "remove", "--force", str(root))


def prepare_earlier(
    root: Path, database: BenchmarkMariaDB, redis_url: str, size: dataset.Size
) -> dict[str, Contender]:
    """Create and fill the tables of the commit at `root`, by its own code, and return its servers by name."""
    with dataset.connect(database.url) as connection:
        dataset.create_database(connection, _DATABASE)
    url = database.url_of(_DATABASE)
    environment = our_environment(url, redis_url)
    dataset.run_python(["manage.py", "setup_database", "-v0"], environment, root=root)
    dataset.run_python(["-c", _FILL, url, str(size.wallets), str(size.transactions)], environment, root=root)
    contenders = (
        our_contender(BEFORE, url, redis_url, live=True),
        our_contender(BEFORE_UNCACHED, url, redis_url, CACHE_SECONDS="0"),
    )
    return {each.name: replace(each, root=root, tables=_TABLES) for each in contenders}


def compared(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with walletsvc and its earlier commit as their only contenders.

    Those of keys, and those that are new, stay as they are: an earlier commit may not know them.
    """
    return [row if row.is_new or set(WITH_KEYS) & set(row.contenders) else _compared(row) for row in rows]


def _compared(row: Row) -> Row:
    return replace(
        row, contenders=[each for name in row.contenders if name in EARLIER for each in (name, EARLIER[name])]
    )


def _git(*arguments: str) -> None:
    finished = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if finished.returncode:
        raise HarnessError(f"git {' '.join(arguments)} failed:\n{finished.stderr}")
