"""Measure what a key and its limit cost a cached read, in process: `python -m benchmarks.identity`.

Two processes have the server's WSGI application on equal databases, one open and without limits, the other with
AUTH_REQUIRED. They answer the same cached list of 100 in turns, so that whatever else the machine does meets both.
What counts is the time of their processors.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import IO, Any, cast

ROOT = Path(__file__).parent.parent
GOAL_MICROSECONDS = 12
ROUNDS = 60
REQUESTS = 500
LIMIT = "1000000000/minute"
TRANSACTIONS = 100


def main() -> None:
    """Print the cost of both, and whether the goal holds."""
    with tempfile.TemporaryDirectory() as folder:
        settings = os.environ | {
            "DEBUG": "true",
            "DATABASE_URL": f"sqlite:///{folder}/keyed.sqlite3",
            "REDIS_URL": "",
            "LOG_LEVEL": "ERROR",
            "WEB_WORKERS": "1",
            "CACHE_SECONDS": "3600",
        }
        key = _prepare(settings)
        # A cache in memory is of one process, which has the database to itself.
        with closing(sqlite3.connect(f"{folder}/keyed.sqlite3")) as made:
            made.execute("VACUUM INTO ?", [f"{folder}/open.sqlite3"])
        is_open = {"AUTH_REQUIRED": "false", "LIMIT_PER_PRINCIPAL": ""}
        anonymous = _start(settings | is_open | {"DATABASE_URL": f"sqlite:///{folder}/open.sqlite3"}, "")
        keyed = _start(settings | {"AUTH_REQUIRED": "true", "LIMIT_PER_PRINCIPAL": LIMIT}, key)
        try:
            turns = [(_measure(anonymous), _measure(keyed)) for _ in range(ROUNDS)]
        finally:
            for each in (anonymous, keyed):
                each.kill()
                each.wait()
    without, with_key = ([turn[place] for turn in turns] for place in (0, 1))
    cost = _fastest_tenth(with_key) - _fastest_tenth(without)
    print(f"A cached list of {TRANSACTIONS}, microseconds a request: the fastest tenth of {ROUNDS} turns, the median")
    for name, values in (("without a key", without), ("with a key and a limit", with_key)):
        print(f"  {name}: {_fastest_tenth(values):.1f}, {statistics.median(values):.1f}")
    in_pairs = statistics.median(after - before for before, after in turns)
    print(f"  the key and the limit: {cost:.1f}, {in_pairs:.1f} (at most {GOAL_MICROSECONDS})")


def _prepare(settings: dict[str, str]) -> str:
    """Make the database, a wallet with transactions and a key, and return the key."""
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "setup_database", "-v0"], env=settings, check=True)
    fill = f"from benchmarks.identity import fill; fill({TRANSACTIONS})"
    subprocess.run([*manage, "shell", "-v0", "-c", fill], env=settings, check=True, cwd=ROOT)
    create = [*manage, "apikey", "create", "--name", "benchmark", "--scopes", "wallets:read transactions:read"]
    made = subprocess.run(create, env=settings, check=True, capture_output=True, text=True)
    return next(line for line in made.stdout.split() if line.startswith("walk_"))


def fill(transactions: int) -> None:
    """Post so many transactions to a new wallet."""
    from walletsvc.commands.execute import execute, execute_all
    from walletsvc.commands.transactions import PostTransaction
    from walletsvc.commands.wallets import OpenWallet
    from walletsvc.principals import SYSTEM

    wallet = execute(OpenWallet.parse({"label": "benchmark"}), by=SYSTEM)
    values = [{"txid": f"T{number}", "wallet": wallet.id, "amount": "1.00"} for number in range(transactions)]
    execute_all([PostTransaction.parse(each) for each in values], by=SYSTEM)


def _start(settings: dict[str, str], key: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from benchmarks.identity import answer; answer()", key]
    return subprocess.Popen(
        command, env=settings, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def _measure(process: subprocess.Popen[str]) -> float:
    """Let the process answer, and return its microseconds a request."""
    to, back = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    to.write("\n")
    return float(back.readline())


def _fastest_tenth(values: list[float]) -> float:
    return statistics.mean(sorted(values)[: max(len(values) // 10, 1)])


def answer(commands: IO[str] = sys.stdin) -> None:
    """Answer REQUESTS requests for each line, and print how long each took."""
    from walletsvc.server.wsgi import application

    statuses: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        statuses.append(status)

    def request() -> dict[str, Any]:
        return {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/api/transactions/",
            "QUERY_STRING": f"page[size]={TRANSACTIONS}",
            "HTTP_HOST": "localhost",
            "HTTP_ACCEPT": "application/vnd.api+json",
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
        } | ({"HTTP_AUTHORIZATION": f"Bearer {sys.argv[1]}"} if sys.argv[1] else {})

    for _ in commands:
        requests = [request() for _ in range(REQUESTS)]
        since = time.process_time()
        for each in requests:
            b"".join(application(each, start))
        seconds = time.process_time() - since
        if set(statuses) != {"200 OK"}:
            raise SystemExit(f"It answers {set(statuses)}")
        statuses.clear()
        print(seconds / REQUESTS * 1e6, flush=True)


if __name__ == "__main__":
    main()
