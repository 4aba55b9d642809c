"""A hostile hour, short enough for the suite: the server answers each of its requests."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path
from random import Random

import pytest

from tests.hostile_hour.clients import LARGE_BYTES, Client, Unanswered
from tests.hostile_hour.hour import ALLOWED_MIB, Hour
from tests.hostile_hour.kinds import KINDS
from tests.hostile_hour.workers import Worker, workers_of
from tests.live import LiveServer
from tests.servers import free_port
from tests.serving.command import wait_until

Ports = dict[bool, int]

ANSWERED = {
    "new_wallet": {201},
    "posted": {201},
    "unknown_parameters": {400},
    "paths": {404},
    "ids": {404},
    "refused_writes": {409},
    "broken_bodies": {400},
    "unknown_hosts": {400},
    "preconditions": {412},
    "methods": {405},
    "live_accepts": {403},
    # Short values, and long ones.
    "queries": {200, 400},
    "origins": {200, 400},
    "operations": {404, 422},
    "live_hosts": {200, 400},
}
"""How the kinds are answered of which not all requests are answered with 200."""
IN_HEAD = {
    *("get_documents", "queries", "unknown_parameters", "paths", "accepts", "media_types", "origins"),
    *("unknown_hosts", "header_names", "etags", "preconditions", "preflights", "credentials"),
    *("live_hosts", "live_accepts"),
}
"""The kinds with their text in the URL or a header: with a long one, the server refuses the request unseen (431)."""


@pytest.fixture
def ports(start_live: Callable[..., LiveServer]) -> Ports:
    """Return the ports of a web and a live server."""
    live_port = free_port()
    server = start_live(LIVE_PORT=str(live_port), LOG_LEVEL="CRITICAL")
    return {False: server.port, True: live_port}


def test_requests_of_all_kinds_are_answered(ports: Ports) -> None:
    client = Client(ports, KINDS, Random(0), count(1))
    client.prepare()
    answered: dict[str, set[int]] = {}
    for kind in KINDS:
        for size in (20, 2_000, LARGE_BYTES):
            client.send_one(kind, size)
    client.close()
    for name, status in client.statuses:
        answered.setdefault(name, set()).add(status)
    expected = {kind.__name__: ANSWERED.get(kind.__name__, {200}) for kind in KINDS}
    assert answered == {name: status | {431} if name in IN_HEAD else status for name, status in expected.items()}


def has_ended(worker: Worker) -> bool:
    try:
        worker.resident_mib()
    except OSError:
        return True
    return False


# It looks at processes.
@pytest.mark.any_engine
def test_an_hour_looks_at_each_worker_and_notices_that_one_has_ended(
    start_live: Callable[..., LiveServer], capsys: pytest.CaptureFixture[str]
) -> None:
    live_port = free_port()
    server = start_live(LIVE_PORT=str(live_port), LOG_LEVEL="CRITICAL")
    hour = Hour(server.pid, web_port=server.port, live_port=live_port, kinds=KINDS, seed=1)
    hour.prepare()
    hour.run(requests=200, base=40, step=80)
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["requests", "live", "MiB", "web", "MiB"]
    assert [int(row.split()[0]) for row in rows] == [0, 40, 80, 160, 200]
    assert -ALLOWED_MIB < hour.grown_mib < ALLOWED_MIB
    assert sum(int(line.split()[-1]) for line in hour.report().splitlines() if line) == 200
    # Without them, holes in the memory take as much as all live data.
    for worker in workers_of(server.pid):
        environment = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")
        assert {b"MALLOC_ARENA_MAX=2", b"MALLOC_MMAP_THRESHOLD_=524288"} <= {*environment}
    [live, _] = workers_of(server.pid)
    os.kill(live.pid, signal.SIGKILL)
    wait_until(lambda: has_ended(live))
    with pytest.raises(Unanswered, match="A worker has ended"):
        hour.run(requests=40, base=20, step=20)
