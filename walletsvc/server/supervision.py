"""Run the web server and the live server side by side: `python -m walletsvc.server.supervision`.

Uses little beyond the standard library, so that the waiting process stays small. Each server is granian in its own
process group, with its workers: they end together, whichever of the processes is signalled or killed.
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
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from types import FrameType
from typing import NoReturn

from walletsvc.server import draining
from walletsvc.server.metrics import MetricsServer, serve_metrics

RESTART_SECONDS = 1.0
"""How long to wait before a server is started again: twice as long after each further failure."""
SOUND_SECONDS = 60.0
"""A server that has run for so long had no failure to begin with."""
FAILURES = 5
"""How often in a row a web server may give up."""
WORKERS_ENDED = 1
"""granian's exit code when a worker ended twice in 5.5 seconds. Told to end, it exits with 0."""
STOP_SECONDS = 4.0
"""How long running requests may take after the signal to end; the rest is rolled back, and safe to send again.
Docker kills after 10 seconds (https://docs.docker.com/reference/cli/docker/container/stop/)."""
_POLL_SECONDS = 0.1
_MODULE = "walletsvc.server.supervision"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def take_over(*, web: Sequence[str], live: Sequence[str] | None, metrics: MetricsServer | None = None) -> NoReturn:
    """Become the process that runs both; `web` and `live` are granian arguments. None means no live server.

    A signal to end that comes before the supervisor can handle it waits until then: both what is blocked and what
    waits outlive execve(2). Python would raise a KeyboardInterrupt in the middle of its start, which may be lost.
    """
    arguments = [list(web), live and list(live), metrics and asdict(metrics)]
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    os.execv(sys.executable, [sys.executable, "-m", _MODULE, json.dumps(arguments)])  # noqa: S606 - our own interpreter and arguments


def supervise(web: Sequence[str], live: Sequence[str] | None) -> int:
    """Run both until the web server ends or a signal comes; return the exit code.

    A live server that ends is started again: its clients reconnect and resume. So is a web server that gave up
    because its workers ended one after the other, unless that goes on and on.
    """
    stopping, hurry = threading.Event(), threading.Event()
    draining.prepare()

    def stop(number: int, _frame: FrameType | None) -> None:
        # Who sits at the terminal, or asks twice, does not wait until load balancers have noticed.
        if number == signal.SIGINT or stopping.is_set():
            hurry.set()
        stopping.set()

    for number in _SIGNALS:
        signal.signal(number, stop)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants us to outlive the terminal
        signal.signal(signal.SIGHUP, stop)
    # `take_over` has blocked them.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    servers = [_Server("web", web)] + ([] if live is None else [_Server("live", live)])
    try:
        while not stopping.is_set():
            for server in servers:
                exit_code = server.tend()
                if exit_code is not None:
                    return exit_code
            stopping.wait(_POLL_SECONDS)
        if any(server.process is not None for server in servers):
            draining.drain(hurry, has_subscribers=live is not None)
        return 0
    finally:
        running = [server.process for server in servers if server.process is not None]
        for process in running:
            process.tell_to_end()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            process.end(max(0.0, deadline - time.monotonic()))


class _Server:
    """The web or the live server, and when to start it again."""

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.process: _Granian | None = None
        self._name = name
        self._arguments = arguments
        self._starts_at = 0.0
        self._started_at = 0.0
        self._failures = 0

    def tend(self) -> int | None:
        """Start the server if it is time to. Return the exit code of a web server that must not be started again."""
        if self.process is None:
            if time.monotonic() >= self._starts_at:
                self.process, self._started_at = _Granian(self._arguments), time.monotonic()
            return None
        exit_code = self.process.exit_code()
        if exit_code is None:
            return None
        self.process = None
        if time.monotonic() - self._started_at > SOUND_SECONDS:
            self._failures = 0
        self._failures += 1
        if self._name == "web" and (exit_code != WORKERS_ENDED or self._failures > FAILURES):
            _say(f"The web server ended with {exit_code}.")
            return exit_code if exit_code >= 0 else 128 - exit_code
        seconds = RESTART_SECONDS * 2 ** min(self._failures - 1, FAILURES)
        _say(f"The {self._name} server ended with {exit_code}: starting it again in {seconds:g} s.")
        self._starts_at = time.monotonic() + seconds
        return None


class _Granian:
    """granian's main process and its workers."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Start it behind a pipe that closes when this process ends, however it ends.

        In its own group: Ctrl-C at the terminal then reaches only this process, which signals granian, and not its
        workers.
        """
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", _MODULE, "--child", *arguments],
            stdin=subprocess.PIPE,
            process_group=0,
            pass_fds=[int(os.environ[draining.VARIABLE])],
        )

    def exit_code(self) -> int | None:
        """Return the exit code once the main process has ended. Ends workers that it left behind."""
        exit_code = self._process.poll()
        if exit_code is not None:
            self._kill()
        return exit_code

    def tell_to_end(self) -> None:
        """Let it finish current requests and accept no more."""
        self._process.terminate()

    def end(self, patience_seconds: float) -> None:
        """Wait for its end, and kill the rest after `patience_seconds`."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_seconds)
        self._kill()
        self._process.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses if the whole group are zombies
            os.killpg(self._process.pid, signal.SIGKILL)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _run_granian(arguments: Sequence[str]) -> None:
    """Run granian in this process for as long as the supervisor lives."""
    # An own pipe, because workers close standard input.
    lifeline = os.dup(0)
    _end_with_supervisor(lifeline)
    os.register_at_fork(
        before=partial(signal.pthread_sigmask, signal.SIG_BLOCK, _SIGNALS),
        after_in_parent=partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, _SIGNALS),
        after_in_child=partial(_begin_worker, lifeline),
    )
    sys.argv = ["granian", *arguments]
    runpy.run_module("granian", run_name="__main__")


def _begin_worker(lifeline: int) -> None:
    """Let a worker that is still starting receive the signal to end, which its main process sends only once.

    It starts with the handlers of the main process, which have no effect in a worker. No signal is lost before they
    are replaced: signals are blocked during the fork.
    """
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    _end_with_supervisor(lifeline)


def _end_with_supervisor(lifeline: int) -> None:
    threading.Thread(target=_kill_group_at_end_of, args=[lifeline], daemon=True).start()


def _kill_group_at_end_of(lifeline: int) -> None:
    # The descriptor rather than `sys.stdin`: its lock would be held forever in the workers that granian forks.
    os.read(lifeline, 1)
    os.killpg(0, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    """Supervise, or with `--child` run granian for as long as the supervisor lives."""
    if arguments[0] == "--child":
        _run_granian(arguments[1:])
        return
    web, live, metrics = json.loads(arguments[0])
    with serve_metrics(metrics and MetricsServer(**metrics)):
        exit_code = supervise(web, live)
    sys.exit(exit_code)


if __name__ == "__main__":
    main(sys.argv[1:])
