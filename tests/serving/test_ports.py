"""A server has its ports for itself, or does not start."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers import free_port
from tests.serving.command import HOST, PATIENCE_SECONDS, serving
from walletsvc.server.ports import PortError, claim_port, find_address

pytestmark = pytest.mark.without_engine

TAKEN = "Port {port} of 127.0.0.1 is taken already. Set another with {setting}."

EVERYWHERE = "0.0.0.0"  # noqa: S104 - for a moment, and nothing answers there
VERSION_4 = {"::": EVERYWHERE, "::1": HOST}


@contextmanager
def listener(host: str = HOST, port: int = 0, *, shared: bool = True) -> Iterator[int]:
    """Listen as granian does, with the port open to others, or for ourselves alone. Yields the port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
        listening.listen()
        yield listening.getsockname()[1]


def test_serve_does_not_share_ports_with_others(tmp_path: Path) -> None:
    with (
        listener() as web,
        listener() as live,
        serving(tmp_path, PORT=str(web), LIVE_PORT=str(live)) as second,
    ):
        exit_code, stdout, stderr = second.wait()
        assert second.pids() == []
    lines = [
        TAKEN.format(port=web, setting="--port or PORT"),
        TAKEN.format(port=live, setting="--live-port or LIVE_PORT"),
    ]
    assert (exit_code, stdout, stderr) == (1, "", "\n".join(lines) + "\n")


def test_serve_does_not_share_its_own_port(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, "--port", str(port), "--live-port", str(port)) as running:
        exit_code, stdout, stderr = running.wait()
    assert (exit_code, stdout) == (1, "")
    assert stderr == f"{TAKEN.format(port=port, setting='--live-port or LIVE_PORT')}\n"


def test_of_two_that_start_at_the_same_moment_one_serves(tmp_path: Path) -> None:
    port = free_port()
    arguments = ["--port", str(port), "--live-port", "0"]
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
    with serving(folders[0], *arguments) as one, serving(folders[1], *arguments) as other:
        deadline = time.monotonic() + PATIENCE_SECONDS
        ended = []
        while not ended and time.monotonic() < deadline:
            ended = [server for server in (one, other) if server.process.poll() is not None]
            time.sleep(0.05)
        (loser,) = ended
        assert loser.wait()[0] == 1
        winner = one if loser is other else other
        assert winner.process.poll() is None


@pytest.mark.parametrize("shared", [True, False], ids=["with others", "alone"])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (HOST, HOST),
        (HOST, "localhost"),
        (HOST, EVERYWHERE),
        (EVERYWHERE, HOST),
        ("::", "::"),
        ("::", HOST),
        ("::1", "::"),
        (HOST, "::"),
    ],
)
def test_a_listener_is_found(theirs: str, ours: str, shared: bool) -> None:
    if not socket.has_dualstack_ipv6():
        theirs, ours = (VERSION_4.get(host, host) for host in (theirs, ours))
    with listener(theirs, shared=shared) as port, pytest.raises(PortError, match=f"^Port {port} of .* is taken"):
        claim_port(find_address(ours), port)


def test_a_port_is_free_again_at_once() -> None:
    """The side that closes first keeps the connection for a minute (RFC 9293, TIME-WAIT)."""
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection((HOST, port)):
            listening.accept()[0].close()
    claim_in_another_process(port)
    claim_in_another_process(port)


def claim_in_another_process(port: int) -> None:
    code = f"from walletsvc.server.ports import claim_port; claim_port({HOST!r}, {port})"
    subprocess.run([sys.executable, "-c", code], env=os.environ, timeout=PATIENCE_SECONDS, check=True)


@pytest.mark.parametrize(
    ("host", "port", "reason"),
    [
        ("nowhere.invalid", 8000, "Host 'nowhere.invalid' has no address: "),
        ("999.1.1.1", 8000, "Host '999.1.1.1' has no address: it is no IPv4 address."),
        ("192.0.2.1", 8000, "Port 8000 of 192.0.2.1 cannot be listened on: Cannot assign requested address."),
        ("127.0.0.1", 70000, "Port 70000 of 127.0.0.1 cannot be listened on: "),
    ],
)
def test_an_unusable_port_is_reported_in_one_line(host: str, port: int, reason: str) -> None:
    with pytest.raises(PortError) as caught:
        claim_port(find_address(host), port)
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)
