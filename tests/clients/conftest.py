"""One real server for all clients that others have published, and node with their packages."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from redis import Redis

from tests.conftest import forget_cached
from tests.databases import new_database, url_of
from tests.live import ROOT, LiveServer
from tests.npm import install

SCRIPTS = Path(__file__).parent / "js"
RELAY_COMPILER = ROOT / "tests" / "graphql_api" / "npm"


@pytest.fixture(scope="package")
def server(memory_folder: Path, redis_urls: tuple[str, str]) -> Iterator[LiveServer]:
    """Return a running server with an empty database. Each test works in wallets of its own."""
    if redis_urls[1]:
        with Redis.from_url(redis_urls[1]) as client:
            forget_cached(client)
    live_port = free_port()
    with (
        new_database(memory_folder) as name,
        LiveServer(database_url=url_of(name), redis_url=redis_urls[1], LIVE_PORT=str(live_port)) as server,
    ):
        server.live_url = f"http://{server.host}:{live_port}/graphql/"
        wait_until_healthy(server.live_url)
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_healthy(live_url: str) -> None:
    """Wait for the live server, which starts beside the one that `LiveServer` waits for."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            httpx.get(httpx.URL(live_url).join("/healthz"), timeout=30).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("The live server did not start.")


@pytest.fixture(scope="session")
def run_script() -> Callable[..., None]:
    """Return a function that runs a script of `js/` against a server; what the script asserts is the test."""
    folder = install(SCRIPTS)

    def run(name: str, server: LiveServer, **variables: str) -> None:
        finished = subprocess.run(
            ["node", f"{name}.mjs"],
            cwd=folder,
            env={**os.environ, "SERVER_URL": server.url, "LIVE_URL": server.live_url, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout

    return run


@pytest.fixture(scope="session")
def relay_artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the operations of `js/relay/` against the schema and return the folder of what Relay runs."""
    compiler = install(RELAY_COMPILER) / "node_modules" / "relay-compiler" / "cli.js"
    folder = tmp_path_factory.mktemp("relay")
    for source in (*(SCRIPTS / "relay").iterdir(), ROOT / "graphql_api" / "schema.graphql"):
        (folder / source.name).write_bytes(source.read_bytes())
    (folder / "artifacts").mkdir()
    # Older versions of node take a `.js` file for a CommonJS module unless its folder says otherwise.
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    finished = subprocess.run(
        ["node", str(compiler), "relay.config.json"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return folder / "artifacts"
