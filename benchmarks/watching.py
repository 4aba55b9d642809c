"""Measure what ids, log and metrics cost a cached read and a post, in process: `python -m benchmarks.watching`.

Two processes have the server's WSGI application on equal databases, one without the hook around its answers and
without metrics, the other with both and a line of JSON for each write. They answer in turns, so that whatever else
the machine does meets both. What counts is the time of their processors, the threads that write and add up included.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import IO, Any, cast

ROOT = Path(__file__).parent.parent
ROUNDS = 30
REQUESTS = {"GET": 500, "POST": 50}
TRANSACTIONS = 100


def main() -> None:
    """Print the cost of both."""
    with tempfile.TemporaryDirectory() as folder:
        settings = os.environ | {"DEBUG": "true", "AUTH_REQUIRED": "false", "REDIS_URL": "", "CACHE_SECONDS": "3600"}
        settings |= {
            "DJANGO_SETTINGS_MODULE": "walletsvc.settings",
            "LOG_LEVEL": "INFO",
            "LOG_FORMAT": "json",
            "WEB_WORKERS": "1",
        }
        plain = _start(settings | {"DATABASE_URL": f"sqlite:///{folder}/plain.sqlite3"}, "plain")
        values = {"PROMETHEUS_MULTIPROC_DIR": folder, "DATABASE_URL": f"sqlite:///{folder}/watched.sqlite3"}
        watched = _start(settings | values, "watched")
        try:
            for method in REQUESTS:
                turns = [(_measure(plain, method), _measure(watched, method)) for _ in range(ROUNDS)]
                _print(method, turns)
        finally:
            for each in (plain, watched):
                each.kill()
                each.wait()


def _print(method: str, turns: list[tuple[float, float]]) -> None:
    plain, watched = ([turn[place] for turn in turns] for place in (0, 1))
    cost = statistics.median(after - before for before, after in turns)
    print(f"{method}, microseconds a request: the lowest and the median of {ROUNDS} turns")
    print(f"  plain {min(plain):.1f}, {statistics.median(plain):.1f}")
    print(f"  watched {min(watched):.1f}, {statistics.median(watched):.1f}")
    print(f"  the cost {min(watched) - min(plain):.1f}, {cost:.1f} in pairs")


def _start(settings: dict[str, str], kind: str) -> subprocess.Popen[str]:
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "setup_database", "-v0"], env=settings, check=True)
    fill = f"from benchmarks.identity import fill; fill({TRANSACTIONS})"
    subprocess.run([*manage, "shell", "-v0", "-c", fill], env=settings, check=True, cwd=ROOT)
    command = [sys.executable, "-c", "from benchmarks.watching import answer; answer()", kind]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=settings, cwd=ROOT, text=True, bufsize=1, **pipes)


def _measure(process: subprocess.Popen[str], method: str) -> float:
    """Let the process answer, and return its microseconds a request."""
    to, back = cast(IO[str], process.stdin), cast(IO[str], process.stdout)
    to.write(f"{method}\n")
    return float(back.readline())


def answer(commands: IO[str] = sys.stdin) -> None:
    """Answer requests of the method in each line, and print how long each took."""
    from django.conf import settings

    if sys.argv[1] == "plain":
        settings.REQUEST_HOOKS = []
    from walletsvc.server.telemetry import telemetry
    from walletsvc.server.wsgi import application

    numbers, statuses = count(), set[str]()

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        statuses.add(status)

    def request(method: str) -> dict[str, Any]:
        attributes = {"txid": f"N{next(numbers)}", "amount": "1.00", "wallet": "1"}
        body = json.dumps({"data": {"type": "Transaction", "attributes": attributes}}).encode()
        common = {
            "HTTP_HOST": "localhost",
            "REMOTE_ADDR": "127.0.0.1",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
        }
        common |= {"SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "PATH_INFO": "/api/transactions/"}
        common |= {"REQUEST_METHOD": method, "HTTP_ACCEPT": "application/vnd.api+json"}
        if method == "GET":
            return common | {"QUERY_STRING": f"page[size]={TRANSACTIONS}", "wsgi.input": BytesIO()}
        sent = {"CONTENT_TYPE": "application/vnd.api+json", "CONTENT_LENGTH": str(len(body))}
        return common | sent | {"QUERY_STRING": "", "wsgi.input": BytesIO(body)}

    for line in commands:
        method = line.strip()
        asked = [request(method) for _ in range(REQUESTS[method])]
        print(_time(application, asked, start, telemetry.flush) * 1e6, flush=True)
        if statuses - {"200 OK", "201 Created"}:
            raise SystemExit(f"It answers {statuses}")


def _time(application: Any, asked: list[dict[str, Any]], start: Any, flush: Callable[[], None]) -> float:
    """Return the processor's seconds a request, what is done about them afterwards included."""
    since = time.process_time()
    for each in asked:
        b"".join(application(each, start))
    flush()
    return (time.process_time() - since) / len(asked)


if __name__ == "__main__":
    main()
