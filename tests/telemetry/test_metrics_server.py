"""A running server shows the metrics of all its processes on a port of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.live import LiveServer
from tests.servers import ServerError
from walletsvc.server.metrics import FOLDER, _free_port

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_engine]

StartLive = Callable[..., LiveServer]
SECONDS = 30


def scrape(port: int) -> dict[str, float]:
    """Return the samples, by their names with labels."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10).text
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def wait_for(port: int, name: str, value: float) -> dict[str, float]:
    deadline = time.monotonic() + SECONDS
    while (samples := scrape(port)).get(name) != value:
        assert time.monotonic() < deadline, samples
        time.sleep(0.1)
    return samples


def test_all_processes_are_counted_and_the_states_of_dead_ones_are_not(start_live: StartLive, tmp_path: Path) -> None:
    (tmp_path / "counter_1.db").write_bytes(b"of an earlier server")
    port = _free_port()
    server = start_live(METRICS_PORT=str(port), **{FOLDER: str(tmp_path)})
    for _ in range(3):
        httpx.get(f"{server.url}/api/wallets/")
    wallets = 'walletsvc_requests_total{face="rest",operation="GET /api/wallets",status="200"}'
    wait_for(port, wallets, 3)
    # An answer does without granian's own numbers rather than wait for them.
    samples = wait_for(port, 'granian_workers_spawns_total{server="web"}', 1)
    assert not (tmp_path / "counter_1.db").exists()
    assert samples["walletsvc_holds_due"] == samples["walletsvc_subscriptions"] == 0
    assert samples['granian_workers_respawns_for_err_total{server="web"}'] == 0
    [build] = [name for name in samples if name.startswith("walletsvc_build_info")]
    assert re.fullmatch(r'walletsvc_build_info\{version="\d+\.\d+\.\d+"\}', build)
    [states] = tmp_path.glob("gauge_livesum_*.db")
    pid = int(states.stem.rpartition("_")[2])
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + SECONDS
    asked = 0
    while not asked:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        with suppress(httpx.TransportError):
            httpx.get(f"{server.url}/api/wallets/")
            asked = 1
    wait_for(port, wallets, 3 + asked)
    assert not states.exists()
    assert (tmp_path / f"counter_{pid}.db").exists()


def test_without_a_port_there_are_none(live: LiveServer) -> None:
    assert httpx.get(f"{live.url}/livez").status_code == 200
    assert httpx.get(f"{live.url}/metrics").status_code == 404


def test_a_port_that_is_taken_is_told(start_live: StartLive) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServerError, match=f"Metrics cannot be served on 127.0.0.1:{port}: Address already in"):
            start_live(METRICS_PORT=str(port))
