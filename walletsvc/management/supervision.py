"""Run the web server and the live server side by side: `python -m walletsvc.management.supervision`.

Needs nothing but the standard library, so that the process that only waits is a small one.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType

RESTART_SECONDS = 1.0
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1


def command(*, web: Sequence[str], live: Sequence[str]) -> list[str]:
    """Return the command that runs both; `web` and `live` are arguments of granian."""
    return [sys.executable, "-m", "walletsvc.management.supervision", json.dumps([list(web), list(live)])]


def supervise(web: Sequence[str], live: Sequence[str]) -> int:
    """Run both until the web server ends or we are told to end; return the exit code. The live server may die:
    it is started again, as its clients come back and ask from where they were."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    web_process, live_process = _start(web), _start(live)
    died_at: float | None = None
    try:
        while not stopping.is_set():
            if web_process.poll() is not None:
                return web_process.returncode
            if died_at is None and live_process.poll() is not None:
                died_at = time.monotonic()
                print(f"The live server ended with {live_process.returncode}: starting it again.", file=sys.stderr)  # noqa: T201
            if died_at is not None and time.monotonic() >= died_at + RESTART_SECONDS:
                live_process, died_at = _start(live), None
            stopping.wait(_POLL_SECONDS)
        return 0
    finally:
        _end([web_process, live_process])


def _start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start granian behind a pipe that closes when we end, however we end."""
    module = "walletsvc.management.supervision"
    return subprocess.Popen([sys.executable, "-m", module, "--child", *arguments], stdin=subprocess.PIPE)  # noqa: S603


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    # The descriptor and not `sys.stdin`: its lock would be held for ever in the workers that granian forks.
    os.read(0, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Supervise, or as `--child` be granian for as long as the supervisor lives."""
    if arguments[0] == "--child":
        threading.Thread(target=_end_with_parent, daemon=True).start()
        sys.argv = ["granian", *arguments[1:]]
        runpy.run_module("granian", run_name="__main__")
        return
    web, live = json.loads(arguments[0])
    sys.exit(supervise(web, live))


if __name__ == "__main__":
    main(sys.argv[1:])
