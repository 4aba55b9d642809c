"""Which core the threads of a process run on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.architecture.sources import ROOT
from walletsvc.affinity import keep_to_one_core

CORES = sorted(os.sched_getaffinity(0))[:2]
WORKER = """
import json, os, sys, threading
from django.conf import settings
os.sched_setaffinity(0, json.loads(sys.argv[1]))
settings.configure(WEB_AFFINITY=True, WEB_WORKERS=len(os.sched_getaffinity(0)))
from walletsvc.affinity import keep_to_one_core
found = []
application = keep_to_one_core(lambda environ, start_response: found.append(sorted(os.sched_getaffinity(0))))
for _ in range(2):
    thread = threading.Thread(target=application, args=({}, None))
    thread.start()
    thread.join()
print(json.dumps({"threads": found, "others": sorted(os.sched_getaffinity(0))}), flush=True)
sys.stdin.read()
"""


@contextmanager
def worker() -> Iterator[dict[str, Any]]:
    """Be the parent of a process that serves two requests, each by another thread; where these ran."""
    command = [sys.executable, "-c", WORKER, json.dumps(CORES)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_each_process_has_a_core_and_one_that_comes_after_another_takes_its_core() -> None:
    with worker() as first:
        with worker() as second:
            pass
        with worker() as third:
            pass
    for found in (first, second, third):
        assert found["others"] == CORES
    if len(CORES) == 1:
        assert first["threads"] == second["threads"] == third["threads"] == [CORES, CORES]
    else:
        assert first["threads"] == [CORES[:1]] * 2
        assert second["threads"] == third["threads"] == [CORES[1:]] * 2


def test_a_process_for_which_no_core_is_left_is_left_to_the_system() -> None:
    with worker(), worker(), worker() as third:
        assert third["threads"] == [CORES, CORES]


@pytest.mark.parametrize(
    "changes",
    [{"WEB_AFFINITY": False}, {"WEB_WORKERS": 3}, {"WEB_WORKERS": 1}],
    ids=["off", "more processes than cores", "fewer processes than cores"],
)
def test_threads_are_left_to_the_system(
    changes: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    settings.WEB_AFFINITY, settings.WEB_WORKERS = True, 2

    def application(_environ: dict[str, Any], _start_response: Any) -> list[bytes]:
        return []

    assert keep_to_one_core(application) is not application
    for name, value in changes.items():
        setattr(settings, name, value)
    assert keep_to_one_core(application) is application
