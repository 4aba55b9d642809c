"""One real server for all clients that others have published, and node with their packages."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.pages import serve_pages
from tests.commands import run_to_end
from tests.databases import MakeDatabase
from tests.live import ROOT, LiveServer
from tests.npm import install
from tests.pairs import serve_with_updates

SCRIPTS = Path(__file__).parent / "js"
RELAY_COMPILER = ROOT / "tests" / "graphql_api" / "npm"


@pytest.fixture(scope="package")
def page_origin() -> Iterator[str]:
    """Return the origin of a page that the server lets in."""
    with serve_pages() as origin:
        yield origin


@pytest.fixture(scope="package")
def server(ready_database: MakeDatabase, redis_urls: tuple[str, str], page_origin: str) -> Iterator[LiveServer]:
    """Return a running server with an empty database. Each test uses wallets of its own."""
    with serve_with_updates(ready_database, redis_urls[1], CORS_ALLOWED_ORIGINS=page_origin) as server:
        yield server


@pytest.fixture(scope="package")
def guarded(ready_database: MakeDatabase, redis_urls: tuple[str, str], page_origin: str) -> Iterator[LiveServer]:
    """Return a server that asks for keys. Its tests, which show bad ones too, share an address."""
    chosen = {"AUTH_REQUIRED": "true", "LIMIT_AUTH_FAILURES": "1000/minute"}
    with serve_with_updates(ready_database, redis_urls[1], CORS_ALLOWED_ORIGINS=page_origin, **chosen) as server:
        yield server


@pytest.fixture
def make_key(guarded: LiveServer) -> Callable[..., str]:
    """Return a function that makes a key that may do everything: `make_key("--limit", "5/minute")`."""

    def make(*more: str) -> str:
        made = guarded.manage("apikey", "create", "--name", "all", "--scopes", "admin", *more)
        [text] = re.findall(r"^walk_\w+$", made.stdout, re.MULTILINE)
        return text

    return make


@pytest.fixture(scope="session")
def run_script() -> Callable[..., None]:
    """Return a function that runs a script of `js/` against a server; what the script asserts is the test."""
    folder = install(SCRIPTS)

    def run(name: str, server: LiveServer, **variables: str) -> None:
        environment = {**os.environ, "SERVER_URL": server.url, "LIVE_URL": server.live_url, **variables}
        run_to_end("node", f"{name}.mjs", folder=folder, environment=environment)

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
    run_to_end("node", str(compiler), "relay.config.json", folder=folder)
    return folder / "artifacts"
