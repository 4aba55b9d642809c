"""The server ends on a signal, at any moment, and leaves nothing behind; it continues where that is better."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.commands import run_to_end
from tests.live import ROOT
from tests.servers import free_ports
from tests.serving.command import HOST, Serving, answers, listens, serving, wait_until
from walletsvc.server import supervision

pytestmark = pytest.mark.without_engine

MOMENTS: dict[str, Callable[[Serving], bool]] = {
    "the command": Serving.has_begun,
    "the supervisor": lambda server: bool(server.mains("wsgi")),
    "the first worker": lambda server: bool(server.workers("wsgi")),
    "the last worker": lambda server: bool(server.workers("wsgi") and server.workers("asgi")),
}
"""The processes at some moments of a start: later ones start too late to miss a signal."""


class Ports:
    """The ports for a server."""

    def __init__(self) -> None:
        """Find two that are free."""
        self.web, self.live = free_ports(2)

    @property
    def settings(self) -> dict[str, str]:
        """Return the variables that say so."""
        return {"PORT": str(self.web), "LIVE_PORT": str(self.live)}

    def are_free(self) -> bool:
        """Tell whether no process listens on them."""
        return not listens(self.web) and not listens(self.live)


@pytest.fixture
def ports() -> Ports:
    return Ports()


@pytest.fixture
def server(ports: Ports, tmp_path: Path) -> Iterator[Serving]:
    """Start a server, without waiting for it."""
    with serving(tmp_path, **ports.settings) as running:
        yield running


@pytest.fixture
def ready(ports: Ports, server: Serving) -> Serving:
    """Return a server that answers on both ports."""
    wait_until(lambda: answers(ports.web) and answers(ports.live))
    return server


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interrupt_during_the_start_ends_it(moment: str, ports: Ports, server: Serving) -> None:
    wait_until(partial(MOMENTS[moment], server))
    os.killpg(server.process.pid, signal.SIGINT)
    server.wait_for_no_process()
    wait_until(ports.are_free)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_any_time_of_the_start_ends_it(number: signal.Signals, tmp_path: Path) -> None:
    """At each of some seconds after the start, side by side: END_MOMENTS, such as `0.5 1 1.5`, takes others."""
    moments = [float(each) for each in os.environ.get("END_MOMENTS", "0.3 1.5 3.1").split()]
    with ExitStack() as stack:
        starts = []
        for moment in moments:
            folder = tmp_path / str(moment)
            folder.mkdir()
            ports = Ports()
            starts.append((moment, ports, stack.enter_context(serving(folder, **ports.settings))))
        for _moment, _ports, server in starts:
            wait_until(server.has_begun)
        begin = time.monotonic()
        for moment, _ports, server in starts:
            time.sleep(max(0.0, begin + moment - time.monotonic()))
            # SIGINT as a terminal sends it, SIGTERM as a service manager does.
            if number == signal.SIGINT:
                os.killpg(server.process.pid, number)
            else:
                os.kill(server.process.pid, number)
        for _moment, ports, server in starts:
            server.wait_for_no_process()
            wait_until(ports.are_free)


def test_an_interrupted_command_shows_no_traceback() -> None:
    code = """if True:
        import runpy
        from django.core import management
        def interrupt(arguments):
            raise KeyboardInterrupt
        management.execute_from_command_line = interrupt
        runpy.run_path("manage.py", run_name="__main__")
    """
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (128 + signal.SIGINT, "", "")


def test_python_does_not_get_to_see_an_interrupt_before_the_supervisor_does() -> None:
    """A KeyboardInterrupt in the middle of an import was lost in 6 of 120 starts that were interrupted at random."""
    code = """if True:
        import runpy, signal, sys
        def show(what):
            print(sys.argv[1], what, signal.getsignal(signal.SIGINT) is signal.SIG_DFL)
        class Imports:
            def find_spec(self, name, path=None, target=None):
                if name in ("walletsvc.environment", "django"):
                    show(name)
        sys.meta_path.insert(0, Imports())
        for name in ("migrate", "serve"):
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for module in [each for each in sys.modules if each.split(".")[0] in ("walletsvc", "django")]:
                del sys.modules[module]
            sys.argv = ["manage.py", name, "--help"]
            try:
                runpy.run_path("manage.py", run_name="__main__")
            except SystemExit:
                pass
    """
    lines = run_to_end(sys.executable, "-c", code, folder=ROOT).splitlines()
    shown = [line for line in lines if line.endswith(("True", "False"))]
    assert shown == [
        f"{command} {module} {left_to_system}"
        for command, left_to_system in (("migrate", False), ("serve", True))
        for module in ("walletsvc.environment", "django")
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_the_supervisor_can_handle_it(number: signal.Signals) -> None:
    """It comes in the middle of the change from the command to the supervisor, before Python starts again. There is
    nothing to drain then."""
    code = f"""if True:
        import os
        from walletsvc.server import supervision
        become = os.execv
        def interrupt(*arguments):
            os.kill(os.getpid(), {int(number)})
            become(*arguments)
        os.execv = interrupt
        supervision.take_over(web=["--no-such-option"], live=None)
    """
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "DRAIN_SECONDS": "600"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_a_server_ends_on_a_signal_while_its_worker_starts(ports: Ports, server: Serving) -> None:
    wait_until(partial(MOMENTS["the first worker"], server))
    os.kill(server.mains("wsgi")[0], signal.SIGTERM)
    server.wait_for_no_process()
    wait_until(ports.are_free)
    assert server.process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_all_end_with_the_supervisor(number: signal.Signals, ports: Ports, ready: Serving) -> None:
    # granian would wait for the rest of this request without end.
    with socket.create_connection((HOST, ports.web)) as unfinished:
        unfinished.sendall(b"POST /api/wallets/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
        os.kill(ready.process.pid, number)
        ready.wait_for_no_process()
    wait_until(ports.are_free)
    assert ready.process.wait() == (-signal.SIGKILL if number == signal.SIGKILL else 0)


def test_workers_and_the_live_server_come_back_and_all_end_with_the_web_server(ports: Ports, ready: Serving) -> None:
    (worker,), (main,) = ready.workers("wsgi"), ready.mains("asgi")
    os.kill(worker, signal.SIGKILL)
    wait_until(lambda: answers(ports.web))
    assert worker not in ready.workers("wsgi")

    (orphan,) = ready.workers("asgi")
    os.kill(main, signal.SIGKILL)
    wait_until(lambda: orphan not in ready.pids())
    wait_until(lambda: answers(ports.live))
    assert main not in ready.mains("asgi")

    os.kill(ready.mains("wsgi")[0], signal.SIGKILL)
    exit_code, _stdout, stderr = ready.wait()
    assert exit_code == 128 + signal.SIGKILL
    ready.wait_for_no_process()
    wait_until(ports.are_free)
    assert "The web server ended with -9." in stderr.splitlines()


def test_a_web_server_whose_workers_ended_twice_is_started_again(ports: Ports, ready: Serving) -> None:
    """granian ends then: it takes that for a crash loop."""
    (main,) = ready.mains("wsgi")
    killed: set[int] = set()

    def kill_a_worker() -> bool:
        for worker in set(ready.workers("wsgi")) - killed:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
        return main not in ready.mains("wsgi")

    wait_until(kill_a_worker)
    assert len(killed) >= 2
    wait_until(lambda: bool(ready.mains("wsgi")) and answers(ports.web))
    os.kill(ready.process.pid, signal.SIGTERM)
    exit_code, _stdout, stderr = ready.wait()
    assert exit_code == 0
    assert "The web server ended with 1: starting it again in 1 s." in stderr.splitlines()
    assert not ready.pids()


def test_a_web_server_that_gives_up_again_and_again_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "RESTART_SECONDS", 0.001)
    # The handlers are those of the tests.
    monkeypatch.setattr(signal, "signal", lambda _number, _handler: None)
    started = []

    class Failing:
        def __init__(self, arguments: object) -> None:
            started.append(arguments)

        def exit_code(self) -> int:
            return supervision.WORKERS_ENDED

    monkeypatch.setattr(supervision, "_Granian", Failing)
    assert supervision.supervise(["web"], None) == supervision.WORKERS_ENDED
    assert len(started) == supervision.FAILURES + 1


def test_a_worker_ends_with_the_processes_above_it(ports: Ports, ready: Serving) -> None:
    above = [ready.process.pid, *ready.mains("wsgi"), *ready.mains("asgi")]
    for pid in above:
        os.kill(pid, signal.SIGSTOP)  # so that none can act on the end of another
    for pid in above:
        os.kill(pid, signal.SIGKILL)
    ready.wait_for_no_process()
    wait_until(ports.are_free)
