"""Which core the threads of a process run on."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.architecture.sources import ROOT
from walletsvc.server.affinity import keep_to_one_core

pytestmark = pytest.mark.without_engine

CORES = sorted(os.sched_getaffinity(0))[:2]
WORKER = """
import json, os, sys, threading
from django.conf import settings
os.sched_setaffinity(0, json.loads(sys.argv[1]))
settings.configure(WEB_AFFINITY=True, WEB_WORKERS=len(os.sched_getaffinity(0)))
from walletsvc.server.affinity import keep_to_one_core
found = []
application = keep_to_one_core(lambda environ, start_response: found.append(sorted(os.sched_getaffinity(0))))
for _ in sys.stdin:
    thread = threading.Thread(target=application, args=({}, None))
    thread.start()
    thread.join()
    print(json.dumps({"thread": found.pop(), "others": sorted(os.sched_getaffinity(0))}), flush=True)
"""


class Worker:
    """A process that serves each request by another thread."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def cores(self) -> list[int]:
        """Serve a request; return where its thread may run."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["others"] == CORES
        return answer["thread"]


@contextmanager
def worker() -> Iterator[Worker]:
    command = [sys.executable, "-c", WORKER, json.dumps(CORES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()


def application(_environ: dict[str, Any], _start_response: Any) -> list[bytes]:
    return [b"answer"]


@pytest.fixture
def two_cores(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    settings.WEB_AFFINITY, settings.WEB_WORKERS = True, 2


def test_each_process_has_a_core_and_one_that_comes_after_another_takes_its_core() -> None:
    # On a machine with a single core, that is everybody's.
    first_core, second_core = CORES[:1], CORES[-1:]
    with worker() as first:
        assert [first.cores() for _ in range(2)] == [first_core] * 2
        for _ in range(2):
            with worker() as second:
                assert [second.cores() for _ in range(2)] == [second_core] * 2


def test_a_process_that_finds_no_core_takes_the_first_that_is_left() -> None:
    with worker() as first:
        first.cores()
        with worker() as successor:
            with worker() as second:
                second.cores()
                # It exists before the process that it replaces has ended.
                assert successor.cores() == CORES
            deadline = time.monotonic() + 30
            while successor.cores() != CORES[-1:]:
                assert time.monotonic() < deadline
                time.sleep(0.1)


@pytest.mark.parametrize(
    "changes",
    [{"WEB_AFFINITY": False}, {"WEB_WORKERS": 3}, {"WEB_WORKERS": 1}],
    ids=["off", "more processes than cores", "fewer processes than cores"],
)
def test_threads_are_left_to_the_system(changes: dict[str, Any], settings: Any, two_cores: None) -> None:
    assert keep_to_one_core(application) is not application
    for name, value in changes.items():
        setattr(settings, name, value)
    assert keep_to_one_core(application) is application


@pytest.mark.parametrize(
    ("module", "call", "number"),
    [
        (os, "sched_setaffinity", errno.EPERM),
        (os, "sched_setaffinity", errno.EINVAL),
        (socket, "socket", errno.EAFNOSUPPORT),
        (socket, "socket", errno.EMFILE),
    ],
)
def test_a_system_that_does_not_let_us_choose_fails_no_request(
    module: Any, call: str, number: int, two_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(*_arguments: object) -> None:
        asked.append(call)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, call, refuse)
    pinned = keep_to_one_core(application)
    assert [pinned({}, None) for _ in range(3)] == [[b"answer"]] * 3
    assert asked
